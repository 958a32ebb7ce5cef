/// What BMCs get wrong, and what is done about it: the one list of it. Each line says where.
///
/// Sessions (``IPMISession``)
/// - Cipher suites advertised and then refused, or the other way round: suites are tried, not looked up.
/// - No answer to an open session request with an unknown suite: after ``IPMISessionConfiguration/quickAttempts`` the
///   next suite's turn, once the BMC is known to be there.
/// - IPMI 1.5 alone: open session requests are dropped, and some refuse the bit that asks for 2.0 (0xCC): asked without.
/// - Wanting Get Channel Authentication Capabilities before a session: asked along with the second attempt.
/// - A login forgotten, or RAKP messages answered twice with other numbers: begun anew, at most three times.
/// - Few sessions (4 is common), which stay taken when a login fails: a RAKP message 3 with an error, or a close, frees
///   them at once. All taken is ``IPMISessionFailure/sessionsExhausted``: its owner waits; they end after 60 s idle.
/// - Slow answers: the wait follows the measured round trip, and is longer for what makes the BMC compute.
/// - rqSeq not echoed (0, or a counter of the BMC's own): an answer whose rqSeq this session never used, and that fits
///   otherwise, is taken; its session sequence number and signature are still verified.
/// - Error responses shorter than their message: nothing behind the status is read.
/// - Answers from LUN 0 to what was asked on another: the answering LUN is not compared.
/// - Encryption pads with other bytes than 1, 2, 3 …: only the length is read, the signature covers the rest.
/// - Session numbers of an Activate Session answer: temporary, new and 0 are all taken.
/// - Session sequence numbers that skip more than 15: ``SequenceWindow``.
///
/// Commands
/// - Busy (0xC0, 0xD0, 0xD2): asked again a few times, `ask(_:)`.
/// - Fewer bytes at a time than asked for: ``isRefusalOfSize(_:)``, smaller parts. SDR, FRU, event log.
/// - Reservations cancelled by whoever else reads or adds: begun anew, a bounded number of times.
/// - Records whose `next` leads in circles: the event log ends there, sensor records are an error.
/// - Boot options other than the flags unknown, and a set-in-progress left behind by a client that died: `setBoot`.
/// - Boot flags taken back after 60 s: ``BootFlags``.
/// - Power commands refused because the machine is in that state already; machines that ignore a switch-on shortly
///   after the switch-off: `power(_:waits:)`.
/// - Power cycles of a machine that is off: refused, as recommended, or carried out as a switch-on. One that is confirmed
///   with nothing done is not noticed.
/// - User slots nobody uses: ``isFree(name:)``, or an error to Get User Name. Counts are six bits: ``GetUserAccess``.
/// - Passwords stored with 16 bytes whatever was said, enable and disable only with 16 bytes behind: ``SetUserPassword``.
/// - Serial-over-LAN sizes byte-swapped: ``ActivateSOL``. Firmware numbers not BCD: ``GetDeviceID``. FRU areas without
///   an end mark: ``FRUInventory``. GUIDs in any of three byte orders: ``GetSystemGUID``.
public enum BMCQuirks {
  /// Whether a BMC says with this that it cannot return so many bytes at once. 0xCA is the code for it; `ipmi_sim`
  /// answers 0xC8 to FRU reads of 40 bytes, others 0xC7 or 0xFF.
  static func isRefusalOfSize(_ code: CompletionCode) -> Bool {
    code == .cannotReturnBytes || code == .requestTooLong || code == .requestLength || code == .unspecified
  }

  /// Whether a BMC says with this that it has no such parameter or command: 0x80 is the code for boot options, others
  /// answer 0xC1, 0xC7, 0xC9, 0xCB or (`ipmi_sim`) 0xCC.
  static func isUnknown(_ code: CompletionCode) -> Bool {
    [
      SetSystemBootOptions.parameterNotSupported, .invalidCommand, .requestLength, .parameterOutOfRange, .notPresent,
      .invalidField,
    ].contains(code)
  }

  /// Whether a user of this name is none: empty, blank, or as Dell says it.
  static func isFree(name: String) -> Bool {
    let text = name.filter { $0 != " " }.lowercased()
    return text.isEmpty || text == "(emptyuser)" || text == "emptyuser"
      || text.allSatisfy { $0 == "\u{ff}" || $0 == "\u{fffd}" }
  }
}
