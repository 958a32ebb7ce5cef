/// What a resource may be called.
public enum ResourceName {
  /// The longest name: RFC 1123 §2.1, less the final dot's two bytes.
  public static let maximumBytes = 253

  /// What ``isValid(_:)`` asks for, in words.
  public static let rule = "a name is lower-case letters, digits, '-' and '.', \(maximumBytes) at most"

  /// A DNS-1123 subdomain, as Kubernetes asks for: lower-case letters, digits and `-` in parts that begin and end with
  /// a letter or digit, joined by `.`.
  public static func isValid(_ name: String) -> Bool {
    guard name.utf8.count <= maximumBytes else { return false }
    return name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { part in
      guard let first = part.first, let last = part.last, first != hyphen, last != hyphen else { return false }
      return part.allSatisfy { (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == hyphen }
    }
  }

  /// Throws ``StoreError/invalid(kind:name:message:)`` for what may not be a name, and for a namespace that is missing or
  /// has no place there.
  public static func check<Kind: ResourceKind>(_ metadata: ObjectMeta, of kind: Kind.Type) throws(StoreError) {
    let name = String(metadata.name.prefix(maximumBytes))
    guard isValid(metadata.name) else { throw .invalid(kind: Kind.kind, name: name, message: rule) }
    switch (Kind.isNamespaced, metadata.namespace) {
    case (false, .none): break
    case (false, .some):
      throw .invalid(kind: Kind.kind, name: name, message: "a \(Kind.kind) lives in no namespace, but one is set")
    case (true, .none):
      throw .invalid(kind: Kind.kind, name: name, message: "metadata.namespace is missing")
    case (true, .some(let namespace)):
      guard isValid(namespace) else {
        throw .invalid(kind: Kind.kind, name: name, message: "metadata.namespace: \(rule)")
      }
    }
  }

  /// Throws ``StoreError/invalid(kind:name:message:)`` for a kind that is only read.
  public static func checkWritable<Kind: ResourceKind>(_ kind: Kind.Type, named name: String) throws(StoreError) {
    guard !Kind.isReadOnly else {
      throw .invalid(kind: Kind.kind, name: name, message: "a \(Kind.kind) is another program's: it is only read here")
    }
  }

  private static let hyphen = UInt8(ascii: "-")
}
