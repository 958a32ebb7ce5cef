import Synchronization

/// A parser that remembers: a class's machines have the same base configuration and the same patches, and a thousand of
/// them ask at once.
public final class CachingConfigParser: ConfigParser {
  /// Bytes of text whose trees are kept. When they are passed, all are forgotten: what is asked for is soon there again.
  private static let limit = 8 << 20

  private struct State {
    var documents: [String: [ConfigNode]] = [:]
    var bytes = 0
  }

  private let parser: any ConfigParser
  private let state = Mutex(State())

  public init(_ parser: any ConfigParser) { self.parser = parser }

  public func documents(in text: String) throws(MachineConfigError) -> [ConfigNode] {
    if let known = state.withLock({ $0.documents[text] }) { return known }
    let documents = try parser.documents(in: text)
    state.withLock { state in
      if state.bytes + text.utf8.count > Self.limit { state = State() }
      if state.documents.updateValue(documents, forKey: text) == nil { state.bytes += text.utf8.count }
    }
    return documents
  }
}
