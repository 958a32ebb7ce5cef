package import TFTP

/// What can be read by TFTP: a map from names to contents, not a directory.
///
/// Asked on a listener's thread: answer at once, from memory.
public protocol TFTPContents: Sendable {
  /// The content of a name, or `nil`.
  ///
  /// - Parameter name: in the form of `TFTPName.normalized(_:)`; may still hold `..` or anything else a client sent.
  func content(named name: String) -> TFTPContent?
}

extension TFTPContents {
  /// What a request is for; a refusal says why it gets nothing.
  package func content(of request: TFTPRequest, isWrite: Bool) throws(TFTPRefusal) -> TFTPContent {
    guard !isWrite else { throw TFTPRefusal(.accessViolation, "this server is read-only") }
    guard let content = content(named: TFTPName.normalized(request.name)) else {
      throw TFTPRefusal(.fileNotFound, "\(request.name.prefix(128)): no such file")
    }
    return content
  }
}

/// Contents that do not change while they are served.
public struct TFTPCatalog: TFTPContents {
  private let contents: [String: TFTPContent]

  /// - Parameter contents: by name, such as `ipxe.efi` or `arm64/ipxe.efi`.
  public init(_ contents: [String: TFTPContent]) { self.contents = contents }

  /// Also finds `undionly.kpxe` by `undionly.kpxe.0`: what a Windows-minded boot menu or the PXE boot server discovery
  /// of old ROMs makes of the name (they append the boot layer).
  public func content(named name: String) -> TFTPContent? {
    contents[name] ?? (name.hasSuffix(".0") ? contents[String(name.dropLast(2))] : nil)
  }
}
