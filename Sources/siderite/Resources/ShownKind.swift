import ArgumentParser
import BareMetal
import Wire

/// A kind that the command line shows.
protocol ShownKind: ResourceKind {
  /// What people call it, in lower case: `server`, `servers`; the first stands before a name: `server/4c4c4544-…`.
  static var names: [String] { get }
  /// Of ``cells(of:wide:now:)``.
  static func columns(wide: Bool) -> [String]
  static func cells(of resource: Resource<Self>, wide: Bool, now: Timestamp) -> [String]
  /// Everything that is known of it, for people.
  static func description(of resource: Resource<Self>, from client: AdminClient) async throws -> String
  /// Whether its objects are named as Servers are: also by the beginning of a name, or hostname.
  static var isNamedAsServers: Bool { get }
  /// What to say where there is none.
  static var emptyHint: String { get }
}

extension ShownKind {
  static var isNamedAsServers: Bool { false }

  /// Where the daemon has them.
  static var path: String { "/apis/\(apiVersion)/\(plural)" }

  /// Of the object of that key; a name alone is in the namespace `default`.
  static func path(of key: String) -> String {
    guard isNamespaced else { return "\(path)/\(pathComponent(key))" }
    let parts = key.split(separator: "/", maxSplits: 1).map { String($0) }
    let (namespace, name) = parts.count == 2 ? (parts[0], parts[1]) : (ManifestReader.defaultNamespace, key)
    return "\(path(in: namespace))/\(pathComponent(name))"
  }

  /// Of all objects, of one namespace where they live in such.
  static func path(in namespace: String?) -> String {
    guard isNamespaced, let namespace else { return path }
    return "/apis/\(apiVersion)/namespaces/\(pathComponent(namespace))/\(plural)"
  }

  /// `server/4c4c4544-…`, `metalmachine/default/worker-1`
  static func title(of key: String) -> String { "\(names[0])/\(key)" }

  static func table(_ resources: [Resource<Self>], wide: Bool, now: Timestamp = .now) -> Table {
    Table(columns: columns(wide: wide), rows: resources.map { cells(of: $0, wide: wide, now: now) })
  }

  static func age(of resource: Resource<Self>, now: Timestamp) -> String {
    resource.metadata.creationTimestamp.map { Age.text(of: now.since($0)) } ?? ""
  }
}

/// The kinds by the names people type.
enum KindName {
  static let all: [any ShownKind.Type] = [
    ServerKind.self, ServerClassKind.self, EnvironmentKind.self, ServerBindingKind.self, MetalClusterKind.self,
    MetalMachineKind.self, MetalMachineTemplateKind.self,
  ]

  /// In any letter case.
  static func kind(_ text: some StringProtocol) -> (any ShownKind.Type)? {
    let text = text.lowercased()
    return all.first { $0.names.contains(text) }
  }

  /// `servers, serverclasses (sc), …`, for help and errors.
  static let help =
    "servers, serverclasses (sc), environments (env), serverbindings (sb), metalclusters (mc), metalmachines (mm), "
    + "metalmachinetemplates (mmt)"
}
