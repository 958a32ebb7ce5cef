import BareMetal
import Synchronization

/// Objects as they were last committed, so that neither a read nor a write need read what is known: a class's status with
/// ten thousand names is written at every change of its Servers, and a thousand machines that boot at once ask for the
/// same few objects again and again.
///
/// True because the file is this process's alone, and kept and forgotten on the database's queue only. Whoever asks beside
/// the queue gets what was last committed, or what is being committed at that moment.
final class WrittenObjects: Sendable {
  /// Objects kept. Ten thousand Servers take some 100 MB, most of which those who match them with classes hold anyway; of
  /// a rack that boots there are two thousand, Servers and bindings.
  private static let maximum = 16_384

  private struct Key: Hashable {
    var kind: String
    var name: String
  }

  private let objects = Mutex<[Key: any Sendable]>([:])

  func resource<Kind: ResourceKind>(_ kind: Kind.Type, _ name: String) -> Resource<Kind>? {
    objects.withLock { $0[Key(kind: Kind.kind, name: name)] } as? Resource<Kind>
  }

  /// Whether another one can be kept without forgetting one for it.
  var hasRoom: Bool { objects.withLock { $0.count < Self.maximum } }

  func keep<Kind: ResourceKind>(_ resource: Resource<Kind>) {
    objects.withLock { objects in
      let key = Key(kind: Kind.kind, name: resource.metadata.key)
      // Any will do: those that are written often are soon back.
      if objects.count >= Self.maximum, objects[key] == nil, let other = objects.keys.first { objects[other] = nil }
      objects[key] = resource
    }
  }

  func forget(_ kind: String, _ name: String) {
    objects.withLock { $0[Key(kind: kind, name: name)] = nil }
  }
}
