/// Sets one boot option. IPMI v2.0 §28.12, NetFn Chassis, command 08h.
///
/// To boot from the network once: ``setInProgress``, ``keepFlagsPastTimeout``, ``acknowledge``, ``flags(_:)``,
/// ``setComplete``. BMCs that do not know the first, second, third or last answer 0x80, 0xC9 or (`ipmi_sim`) 0xCC: go
/// on regardless, only ``flags(_:)`` counts.
public struct SetSystemBootOptions: ServedCommand {
  public static let networkFunction = NetworkFunction.chassis
  public static let command: UInt8 = 0x08

  public static let parameterNotSupported = CompletionCode(rawValue: 0x80)

  /// Somebody else is changing boot options.
  public static let alreadyInProgress = CompletionCode(rawValue: 0x81)

  /// 0…127, IPMI v2.0 table 28-14.
  public var parameter: UInt8
  public var isParameterValid: Bool

  /// The parameter's bytes. None: only ``isParameterValid`` is changed.
  public var data: [UInt8]

  public init(parameter: UInt8, isParameterValid: Bool = true, data: [UInt8]) {
    self.parameter = parameter & 0x7f
    self.isParameterValid = isParameterValid
    self.data = data
  }

  public static let setInProgress = SetSystemBootOptions(parameter: 0, data: [1])
  public static let setComplete = SetSystemBootOptions(parameter: 0, data: [0])

  /// Parameter 3: bits that would take the flags back stay, except 3 (60 s without a chassis control). The bits say
  /// when not to clear: 0 power button, 1 reset, 2 watchdog, 3 timeout, 4 PEF.
  public static let keepFlagsPastTimeout = SetSystemBootOptions(parameter: 3, data: [0x08])

  /// Parameter 4: the firmware has not yet handled the new flags (mask, then value, bit 0: BIOS/POST).
  public static let acknowledge = SetSystemBootOptions(parameter: 4, data: [0x01, 0x01])

  /// Parameter 5.
  public static func flags(_ flags: BootFlags) -> SetSystemBootOptions {
    SetSystemBootOptions(parameter: 5, data: flags.bytes)
  }

  public init(request data: Span<UInt8>) throws(IPMIParseError) {
    var offset = 0
    let first = try data.byte(at: &offset)
    parameter = first & 0x7f
    isParameterValid = first & 0x80 == 0
    self.data = data.rest(at: &offset)
  }

  public var requestData: [UInt8] { [(isParameterValid ? 0 : 0x80) | parameter] + data }

  public typealias Response = NoResponse
}
