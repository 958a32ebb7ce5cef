/// What a document of a machine configuration is told by.
struct ConfigDocumentID: Hashable, Sendable {
  /// Empty for Talos' first kind of document, which has no kind.
  var kind: String
  var apiVersion: String
  var name: String?

  /// The document with `machine` and `cluster`.
  static let v1alpha1 = ConfigDocumentID(kind: "", apiVersion: "", name: nil)

  /// - Throws: the reason why it is no document of a configuration.
  init(of document: ConfigNode) throws(MachineConfigError) {
    guard case .mapping = document.value else {
      throw MachineConfigError(reason: "a document is \(document.kindName), and no mapping")
    }
    let (kind, apiVersion) = (document.text("kind") ?? "", document.text("apiVersion") ?? "")
    guard kind.isEmpty == apiVersion.isEmpty else {
      throw MachineConfigError(reason: "a document has a kind without an apiVersion, or the other way round")
    }
    self.init(kind: kind, apiVersion: apiVersion, name: kind.isEmpty ? nil : document.text("name"))
  }

  private init(kind: String, apiVersion: String, name: String?) {
    (self.kind, self.apiVersion, self.name) = (kind, apiVersion, name)
  }

  /// What the v1alpha1 document has at its top.
  static let v1alpha1Keys: Set<String> = ["version", "debug", "persist", "machine", "cluster"]
}

extension ConfigDocumentID: CustomStringConvertible {
  /// `v1alpha1`, `HostnameConfig`, `ExtensionServiceConfig foo`
  var description: String { kind.isEmpty ? "v1alpha1" : name.map { "\(kind) \($0)" } ?? kind }
}
