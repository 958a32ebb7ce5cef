import Synchronization

/// Texts that many objects say alike, held once: a rack of machines of one model says the same names of makers and
/// products thousands of times, and a decoder makes a text of its own of each.
///
/// Bounded: what comes when it is full stays as it is.
public final class SharedStrings: Sendable {
  /// Of a large fleet, the makers', models' and firmware versions' names, keys of labels and annotations.
  static let maximum = 4096
  /// Bytes of UTF-8: what is shorter is held in place by Swift, what is longer is nobody's model.
  static let lengths = 16...256

  private let known = Mutex<Set<String>>([])

  public init() {}

  /// The same text.
  public func shared(_ text: String) -> String {
    guard Self.lengths.contains(text.utf8.count) else { return text }
    return known.withLock { known in
      if let index = known.firstIndex(of: text) { return known[index] }
      if known.count < Self.maximum { known.insert(text) }
      return text
    }
  }

  /// The same text, or none.
  public func shared(_ text: String?) -> String? { text.map { shared($0) } }

  /// The same texts, in no more room than they take.
  func shared(_ texts: [String]?) -> [String]? { texts.map { $0.map { shared($0) } } }

  /// The same values under the same keys.
  func shared(_ texts: [String: String]?) -> [String: String]? {
    texts.map { Dictionary($0.map { (shared($0.key), shared($0.value)) }, uniquingKeysWith: { $1 }) }
  }
}
