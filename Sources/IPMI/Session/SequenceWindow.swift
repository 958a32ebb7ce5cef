/// Which session sequence numbers are new. IPMI v2.0 §6.12.13.
///
/// Numbers count up from 1; a number may come up to 15 late, once, and skip ahead at most ``reach``: the specification
/// says 15, which a burst of losses on a serial-over-LAN session exceeds and then no packet is ever right again.
/// Packets that are signed may skip further, as nobody else can have sent them.
/// Ask ``isNew(_:)`` first, verify the packet, then ``accept(_:)``: a forgery must not move the window.
struct SequenceWindow: Hashable, Sendable {
  private static let behind: UInt32 = 15

  private let reach: UInt32
  private var highest: UInt32 = 0

  /// Bit `n`: ``highest`` − `n` was seen. What lies below the first number counts as seen.
  private var seen: UInt32 = .max

  init(isSigned: Bool) { reach = isSigned ? 0x1_0000 : 15 }

  /// The window after `first` − 1: IPMI 1.5 sessions start where the other end says.
  init(startingAt first: UInt32, isSigned: Bool) {
    self.init(isSigned: isSigned)
    highest = first &- 1
  }

  func isNew(_ sequence: UInt32) -> Bool {
    guard sequence != 0 else { return false }
    let ahead = sequence &- highest
    if ahead != 0, ahead <= reach { return true }
    let late = highest &- sequence
    return late <= Self.behind && seen & 1 << late == 0
  }

  mutating func accept(_ sequence: UInt32) {
    let ahead = sequence &- highest
    if ahead != 0, ahead <= reach {
      seen = ahead > 31 ? 1 : seen << ahead | 1
      highest = sequence
    } else {
      let late = highest &- sequence
      if late <= Self.behind { seen |= 1 << late }
    }
  }
}
