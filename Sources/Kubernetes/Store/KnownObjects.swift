import BareMetal
import Synchronization

/// Objects as they were read or written last: what a change is computed from, without asking the server for it again.
final class KnownObjects: Sendable {
  /// A Server takes about 10 kB. Whoever changes an object has read it a moment before.
  static let capacity = 512

  private struct Key: Hashable {
    var kind: String
    var name: String
  }

  private let objects = Mutex<[Key: any Sendable]>([:])

  func object<Kind: ResourceKind>(_ kind: Kind.Type, _ name: String, version: String?) -> Resource<Kind>? {
    guard let version else { return nil }
    let known = objects.withLock { $0[Key(kind: Kind.kind, name: name)] } as? Resource<Kind>
    return known?.metadata.resourceVersion == version ? known : nil
  }

  func keep<Kind: ResourceKind>(_ object: Resource<Kind>) {
    let key = Key(kind: Kind.kind, name: object.metadata.key)
    objects.withLock { objects in
      if objects[key] == nil, objects.count >= Self.capacity, let other = objects.keys.first { objects[other] = nil }
      objects[key] = object
    }
  }

  func forget<Kind: ResourceKind>(_ kind: Kind.Type, _ name: String) {
    objects.withLock { _ = $0.removeValue(forKey: Key(kind: Kind.kind, name: name)) }
  }
}
