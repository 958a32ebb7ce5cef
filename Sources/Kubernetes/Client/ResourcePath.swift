public import BareMetal

/// Where the API serves objects: a collection, one object, or a part of it.
///
/// `/apis/GROUP/VERSION/namespaces/NAMESPACE/PLURAL/NAME/SUBRESOURCE`, `/api/v1/…` for the core group.
public struct ResourcePath: Hashable, Sendable {
  /// `metal.sidero.dev/v1alpha2`; of the core group `v1`.
  public var apiVersion: String
  /// `servers`
  public var plural: String
  public var namespace: String?
  public var name: String?
  /// `status`
  public var subresource: String?

  public init(
    apiVersion: String, plural: String, namespace: String? = nil, name: String? = nil, subresource: String? = nil
  ) {
    self.apiVersion = apiVersion
    self.plural = plural
    self.namespace = namespace
    self.name = name
    self.subresource = subresource
  }

  /// All objects of the kind: in all namespaces, or in one.
  public init<Kind: ResourceKind>(_ kind: Kind.Type, namespace: String? = nil) {
    self.init(apiVersion: Kind.apiVersion, plural: Kind.plural, namespace: namespace)
  }

  /// The object of that ``ObjectMeta/key``; `nil` for what cannot be a key of the kind.
  public init?<Kind: ResourceKind>(_ kind: Kind.Type, named key: String) {
    self.init(kind)
    let parts = key.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == (Kind.isNamespaced ? 2 : 1), parts.allSatisfy({ ResourceName.isValid($0) }) else { return nil }
    namespace = Kind.isNamespaced ? parts.first : nil
    name = parts.last
  }

  /// The collection that the object is in.
  var collection: ResourcePath {
    ResourcePath(apiVersion: apiVersion, plural: plural, namespace: namespace)
  }

  func subresource(_ subresource: String) -> ResourcePath {
    var path = self
    path.subresource = subresource
    return path
  }

  /// The path of the URL. Whatever the parts are, each stays one segment of it.
  var text: String {
    var segments = [apiVersion.contains("/") ? "apis" : "api"] + apiVersion.split(separator: "/").map(String.init)
    if let namespace { segments += ["namespaces", namespace] }
    segments.append(plural)
    if let name { segments.append(name) }
    if let subresource { segments.append(subresource) }
    return segments.map { "/" + URLText.encoded($0) }.joined()
  }
}

extension ResourcePath: CustomStringConvertible {
  /// `servers`, `servers/NAME`, `metalmachines/NAMESPACE/NAME`
  public var description: String {
    ([plural] + [namespace, name, subresource].compactMap { $0 }).joined(separator: "/")
  }
}

/// Text in URLs (RFC 3986 §2).
enum URLText {
  /// Everything but unreserved characters percent-encoded; a segment of dots only would be a way up, so its dots are too.
  static func encoded(_ text: String) -> String {
    let isDots = text.allSatisfy { $0 == "." }
    var encoded = ""
    for byte in text.utf8 {
      let isLetterOrDigit =
        (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
      if isLetterOrDigit || "-_~".utf8.contains(byte) || (byte == UInt8(ascii: ".") && !isDots) {
        encoded.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        let digits = String(byte, radix: 16, uppercase: true)
        encoded += "%" + (digits.count == 1 ? "0" : "") + digits
      }
    }
    return encoded
  }

  static func query(_ items: [(String, String)]) -> String {
    items.isEmpty ? "" : "?" + items.map { "\(encoded($0.0))=\(encoded($0.1))" }.joined(separator: "&")
  }
}
