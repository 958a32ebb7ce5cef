import BareMetal
import FoundationEssentials

/// Scheme, host and port (RFC 6454): what requests to a controller never leave.
struct HTTPOrigin: Hashable, CustomStringConvertible {
  let scheme: String
  /// With brackets, if it is an IPv6 address.
  let host: String
  let port: Int

  var isEncrypted: Bool { scheme == "https" }

  /// Reads the base URL of a controller.
  ///
  /// - Parameter permittedPaths: what may follow, which changes nothing.
  init(_ text: String, permittedPaths: [String] = []) throws(BMCFailure) {
    guard let origin = HTTPOrigin(parsing: text, permittedPaths: permittedPaths) else {
      throw BMCFailure(
        .misconfigured,
        "this is no address of a controller, such as https://10.0.0.1 or http://host:8000: "
          + (text.contains("@") ? "it holds a user or password" : Self.printable(text)))
    }
    self = origin
  }

  private init?(parsing text: String, permittedPaths: [String]?) {
    guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "\\") }), let url = URL(string: text),
      let scheme = url.scheme?.lowercased(), scheme == "http" || scheme == "https", let host = url.host, !host.isEmpty,
      url.user == nil, url.password == nil
    else { return nil }
    if let permittedPaths {
      let path = url.path.hasSuffix("/") ? String(url.path.dropLast()) : url.path
      guard url.query == nil, url.fragment == nil, path.isEmpty || permittedPaths.contains(path) else { return nil }
    }
    let port = url.port ?? (scheme == "https" ? 443 : 80)
    guard (1...65535).contains(port) else { return nil }
    self.scheme = scheme
    self.host = host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host.lowercased()
    self.port = port
  }

  /// The path and query of a link that a controller gave; `nil` when it leads to another origin, or nowhere.
  ///
  /// Links are paths from the root (DSP0266 §8.2, `@odata.id`); some services (`Location` of Dell's and Fujitsu's) give whole
  /// URLs.
  func path(of link: String) -> String? {
    guard link.utf8.count <= 2048, link.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "\\") }) else {
      return nil
    }
    let whole = link.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).first.map(String.init) ?? ""
    if whole.hasPrefix("/") { return whole.hasPrefix("//") ? nil : whole }
    guard let other = HTTPOrigin(parsing: whole, permittedPaths: nil), other == self,
      let authority = whole.firstRange(of: "://")
    else { return nil }
    let rest = whole[authority.upperBound...]
    return rest.firstIndex(of: "/").map { String(rest[$0...]) } ?? "/"
  }

  func url(_ path: String) -> String { description + path }

  var description: String {
    let isDefault = port == (isEncrypted ? 443 : 80)
    return "\(scheme)://\(host)\(isDefault ? "" : ":\(port)")"
  }

  /// What may be shown to people of text that came from elsewhere.
  static func printable(_ text: String, limit: Int = 200) -> String {
    let shown = text.unicodeScalars.prefix(limit).map { $0.value < 0x20 || $0.value == 0x7f ? " " : Character($0) }
    return String(shown)
  }
}
