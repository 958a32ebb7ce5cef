import BareMetal
import HTTPTypes

extension ResourceEditor {
  /// Takes a person's word that a machine is theirs, or takes it back.
  func setAcceptance(_ accepted: Bool, of name: String, _ options: ResourceOptions) async throws -> Server {
    try await again { () async throws in
      let old = try await existing(ServerKind.self, named: name)
      guard old.spec.accepted != accepted else { return old }
      var new = old
      new.spec.accepted = accepted
      new = try await admit(new, replacing: old, options)
      note(accepted ? "accepted" : "acceptance taken back", ServerKind.self, name, by: options.by)
      return try await store.update(new)
    }
  }

  /// Takes a person's word that the allocated machine is installed: it boots from its disk from now on.
  func markInstalled(_ name: String, by: String) async throws -> ServerBinding {
    try await again { () async throws in
      guard var binding = try await store.get(ServerBindingKind.self, named: name) else {
        throw Refusal(.conflict, "Server \(name) is not allocated: there is nothing to be installed on it")
      }
      guard !binding.status.conditions.isTrue("TalosInstalled") else { return binding }
      binding.status.conditions.set("TalosInstalled", .true, message: PlainText.line("said by \(by)"), now: now())
      note("installed", ServerBindingKind.self, name, by: by)
      return try await store.updateStatus(binding)
    }
  }
}
