/// A command with its bytes, ready to be sent.
public struct IPMIRequest: Hashable, Sendable {
  public var networkFunction: NetworkFunction
  public var lun: UInt8
  public var command: UInt8
  public var data: [UInt8]

  /// Whether doing it twice is the same as doing it once. If not, it is sent once; when the answer is lost, the caller
  /// has to look what happened before asking again.
  public var isRepeatable: Bool

  /// How long an attempt waits for its answer, if the BMC is not usually slower: then it is sent again, or unanswered
  /// where that must not be. `nil`: as the session does it, which takes longer with each attempt.
  public var patience: Duration?

  public init(
    networkFunction: NetworkFunction, lun: UInt8 = 0, command: UInt8, data: [UInt8], isRepeatable: Bool = true
  ) {
    self.networkFunction = networkFunction
    self.lun = lun & 3
    self.command = command
    self.data = data
    self.isRepeatable = isRepeatable
  }

  public init(_ command: some IPMICommand) {
    self.init(
      networkFunction: type(of: command).networkFunction, lun: command.lun, command: type(of: command).command,
      data: command.requestData, isRepeatable: command.isRepeatable)
  }
}

extension IPMIRequest: CustomStringConvertible, CustomReflectable {
  /// Without the data, which may hold a password.
  public var description: String {
    "function 0x\(String(networkFunction.rawValue, radix: 16)), command 0x\(String(command, radix: 16)), \(data.count) bytes"
  }
  public var customMirror: Mirror { Mirror(self, children: ["request": description]) }
}

/// What a BMC answered.
public struct IPMIReply: Hashable, Sendable {
  public var code: CompletionCode

  /// What follows the completion code.
  public var data: [UInt8]

  public init(code: CompletionCode, data: [UInt8]) {
    self.code = code
    self.data = data
  }

  /// The answer as the command understands it.
  public func response<Command: IPMICommand>(to command: Command) throws(IPMICommandError) -> Command.Response {
    guard code == .success else { throw .refused(code) }
    do {
      return try command.parse(data.span)
    } catch {
      throw .malformed(error)
    }
  }
}

/// Why a command that was answered has no result.
public enum IPMICommandError: Error, Hashable, Sendable {
  case refused(CompletionCode)
  case malformed(IPMIParseError)
}
