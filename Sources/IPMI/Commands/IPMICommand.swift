/// One command: its number, its request's bytes, and how its response is read. One file a command, in `Commands`.
public protocol IPMICommand: Hashable, Sendable {
  /// `Void` cannot be tested for equality: a command that answers nothing has ``NoResponse``.
  associatedtype Response: Hashable, Sendable

  static var networkFunction: NetworkFunction { get }
  static var command: UInt8 { get }

  /// The logical unit asked, 0 unless the BMC's SDR says otherwise.
  var lun: UInt8 { get }

  /// What follows the command byte.
  var requestData: [UInt8] { get }

  /// Whether sending it twice is harmless.
  var isRepeatable: Bool { get }

  /// Reads what follows a completion code of success. Bytes behind the known fields are passed over.
  func parse(_ data: Span<UInt8>) throws(IPMIParseError) -> Response
}

extension IPMICommand {
  public var lun: UInt8 { 0 }
  public var isRepeatable: Bool { true }
}

extension IPMICommand where Response == NoResponse {
  public func parse(_ data: Span<UInt8>) throws(IPMIParseError) -> NoResponse { NoResponse() }
}

/// The response of a command whose completion code says it all.
public struct NoResponse: Hashable, Sendable { public init() {} }

/// A command that ``BMCResponder`` answers: the same fields, read and written the other way round.
public protocol ServedCommand: IPMICommand {
  /// Reads a request's data.
  init(request data: Span<UInt8>) throws(IPMIParseError)

  /// What follows a completion code of success.
  func responseData(_ response: Response) -> [UInt8]
}

extension ServedCommand where Response == NoResponse {
  public func responseData(_ response: NoResponse) -> [UInt8] { [] }
}
