/// Why a store could not do what was asked. Not finding an object is `nil`, not an error, where one is read.
public enum StoreError: Error, Equatable, Sendable {
  /// An update or deletion of what is not there.
  case notFound(kind: String, name: String)
  /// A creation of what is there.
  case alreadyExists(kind: String, name: String)
  /// The object was changed since it was read, or its precondition does not hold: read it again.
  case conflict(kind: String, name: String)
  /// The object itself is not acceptable.
  case invalid(kind: String, name: String, message: String)
  /// The store cannot be reached, or its disk failed.
  case unavailable(message: String)
}

extension StoreError {
  /// What a message of ``unavailable(message:)`` says where the store answers, but has no such kind.
  public static let unservedKind = "the cluster does not serve this kind"

  /// Whether the store answers, but has no such kind.
  public var isUnservedKind: Bool {
    if case .unavailable(let message) = self { message.contains(Self.unservedKind) } else { false }
  }

  /// What a message of ``unavailable(message:)`` says where the store answers, but not somebody whom it asks before it does
  /// what it is told.
  public static let failedWebhook = "a webhook that the API server asks fails"
}

extension StoreError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .notFound(let kind, let name): "\(kind) \(name) not found"
    case .alreadyExists(let kind, let name): "\(kind) \(name) exists already"
    case .conflict(let kind, let name): "\(kind) \(name) was changed by somebody else: read it again"
    case .invalid(let kind, let name, let message): "\(kind) \(name) is not valid: \(message)"
    case .unavailable(let message): "the store is not available: \(message)"
    }
  }
}
