/// What a URL of an asset says: where the file is fetched from.
public enum AssetLocation: Hashable, Sendable {
  /// `http:` or `https:`, the URL as it is written.
  case web(String)
  /// An absolute path on this host (`file:///srv/talos/vmlinuz`), percent-decoded.
  case file(path: String)

  /// - Returns: `nil` for what ``problem(of:)`` explains.
  public init?(_ url: String) {
    guard Self.problem(of: url) == nil, let (scheme, rest) = Self.parts(of: url) else { return nil }
    if scheme == "file" {
      guard let path = Self.path(after: rest) else { return nil }
      self = .file(path: path)
    } else {
      self = .web(url)
    }
  }

  /// What is wrong with the URL, in one sentence; `nil` when nothing is.
  public static func problem(of url: String) -> String? {
    guard url.utf8.count <= longestURL else { return "is longer than \(longestURL) bytes" }
    guard PlainText.isPlain(url), !url.unicodeScalars.contains(where: { $0.properties.isWhitespace }) else {
      return "has a blank or a control character: write it as %20 and the like"
    }
    guard url.utf8.allSatisfy({ $0 < 0x80 }) else {
      return "has characters beyond ASCII: write them as %C3%A4 and the like"
    }
    guard let (scheme, rest) = parts(of: url) else { return "is no URL: it begins with http://, https:// or file:///" }
    switch scheme {
    case "http", "https":
      let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
      if authority.contains("@") { return "carries a user or password, which everybody could read here" }
      let host = authority.hasPrefix("[") ? authority.prefix { $0 != "]" } : authority.prefix { $0 != ":" }
      if host.isEmpty || host == "[" { return "names no host" }
      let port = authority.dropFirst(host.count).drop { $0 == "]" }
      guard port.isEmpty || (port.first == ":" && UInt16(port.dropFirst()).map { $0 > 0 } ?? false) else {
        return "has a port that is none: \(port.dropFirst())"
      }
      return nil
    case "file":
      return path(after: rest) == nil ? "is no absolute path on this host: write file:///path/of/the/file" : nil
    default: return "\(scheme): cannot be fetched; http, https and file can"
    }
  }

  /// What servers and proxies take for sure.
  private static let longestURL = 2000

  private static func parts(of url: String) -> (scheme: String, rest: Substring)? {
    guard let colon = url.firstIndex(of: ":") else { return nil }
    let rest = url[url.index(after: colon)...]
    guard rest.hasPrefix("//") else { return nil }
    return (url[..<colon].lowercased(), rest.dropFirst(2))
  }

  /// RFC 8089: no host, or `localhost`.
  private static func path(after rest: Substring) -> String? {
    let path = rest.hasPrefix("localhost/") ? rest.dropFirst("localhost".count) : rest
    guard path.hasPrefix("/"), path.count > 1, !path.hasSuffix("/"), let decoded = decode(path) else { return nil }
    return decoded.utf8.contains(0) ? nil : decoded
  }

  private static func decode(_ text: Substring) -> String? {
    var bytes: [UInt8] = []
    var rest = text.utf8
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else {
        return nil
      }
      bytes.append(value)
      rest = rest.dropFirst(2)
    }
    return String(validating: bytes, as: UTF8.self)
  }
}
