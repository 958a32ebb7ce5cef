/// A kind that people write manifests of.
public protocol ManifestKind: ResourceKind {
  /// What is wrong with a spec beyond its shape: everything, with paths from `spec.` on.
  static func problems(_ spec: Spec) -> [FieldProblem]

  /// What is wrong with putting a spec in the place of another: everything, beyond what is wrong with itself.
  static func problems(_ spec: Spec, replacing old: Spec) -> [FieldProblem]

  /// Other ways to write a spec that are understood, put as the types have it.
  static func normalized(_ spec: JSONValue) -> JSONValue

  /// The versions a manifest may be written in beside ``ResourceKind/apiVersion``.
  static var olderVersions: [String] { get }

  /// What a spec of one of the ``olderVersions`` says in today's words.
  /// - Parameter hub: today's spec that the older one was made of, if any: where the older one still says the same, what
  ///   it has no words for stays as it is.
  /// - Returns: `nil` only where problems were recorded.
  static func spec(_ older: JSONValue, of version: String, hub: Spec?, recording trace: ManifestTrace) -> Spec?

  /// Where today's spec has what an older version has in that field.
  static func todaysName(ofField field: String) -> String

  /// A spec in the words of one of the ``olderVersions``, as far as it has words for it.
  static func olderSpec(_ spec: Spec, version: String) -> JSONValue

  /// What a status of one of the ``olderVersions`` says in today's words; of what it has no words for, what `hub` says.
  static func status(_ older: JSONValue?, of version: String, hub: JSONValue?) -> JSONValue?

  /// A status in the words of one of the ``olderVersions``, as far as it has words for it.
  static func olderStatus(_ status: JSONValue?, of spec: Spec, version: String) -> JSONValue?

  /// What a spec of a version is read into, for those who describe it: ``ResourceKind/Spec`` in today's.
  static func specType(of version: String) -> any Decodable.Type

  /// As ``specType(of:)``, of the status.
  static func statusType(of version: String) -> any Decodable.Type
}

extension ManifestKind {
  public static var olderVersions: [String] { [] }

  public static func problems(_ spec: Spec, replacing old: Spec) -> [FieldProblem] { [] }

  public static func normalized(_ spec: JSONValue) -> JSONValue { spec }

  public static func todaysName(ofField field: String) -> String { field }

  public static func spec(
    _ older: JSONValue, of version: String, hub: Spec?, recording trace: ManifestTrace
  ) -> Spec? {
    trace.value(Spec.self, from: older, at: "spec")
  }

  public static func olderSpec(_ spec: Spec, version: String) -> JSONValue { JSONValue(encoding: spec) }

  public static func status(_ older: JSONValue?, of version: String, hub: JSONValue?) -> JSONValue? { older }

  public static func olderStatus(_ status: JSONValue?, of spec: Spec, version: String) -> JSONValue? { status }

  public static func specType(of version: String) -> any Decodable.Type { Spec.self }

  public static func statusType(of version: String) -> any Decodable.Type { Status.self }
}
