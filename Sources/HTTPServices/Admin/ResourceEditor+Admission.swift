import BareMetal
import HTTPTypes

extension ResourceEditor {
  /// What must hold of a change besides that the object itself is valid; `old` is `nil` at creation.
  func admit<Kind: ManifestKind>(
    _ new: Resource<Kind>, replacing old: Resource<Kind>?, _ options: ResourceOptions
  ) async throws -> Resource<Kind> {
    if let new = new as? Server, let old = old as? Server { try await admit(new, replacing: old, options) }
    guard let binding = new as? ServerBinding, old == nil else { return new }
    try await admit(binding)
    var new = new
    let finalizers = new.metadata.finalizers ?? []
    if !finalizers.contains(ServerBinding.releaseFinalizer) {
      new.metadata.finalizers = finalizers + [ServerBinding.releaseFinalizer]
    }
    return new
  }

  private func admit(_ new: Server, replacing old: Server, _ options: ResourceOptions) async throws {
    let name = new.metadata.name
    guard old.spec.accepted, !new.spec.accepted, !options.isForced else { return }
    guard try await store.get(ServerBindingKind.self, named: name) == nil else {
      throw Refusal(.conflict, "Server \(name) is in use: release it before its acceptance is taken back")
    }
  }

  /// A machine that nobody accepted is nobody's to give away.
  private func admit(_ binding: ServerBinding) async throws {
    let name = binding.metadata.name
    guard let server = try await store.get(ServerKind.self, named: name) else {
      throw Refusal(.unprocessableContent, "there is no Server \(name), and a ServerBinding is named as its Server")
    }
    guard server.spec.accepted else { throw Refusal(.conflict, "Server \(name) is not accepted") }
  }
}
