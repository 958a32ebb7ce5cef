/// One option of a request or of an OACK (RFC 2347): a name and a value, both text.
public struct TFTPOption: Hashable, Sendable {
  /// What the option is about. Names are compared without regard to case, so they are kept in lower case.
  public struct Name: RawRepresentable, Hashable, Sendable {
    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue.lowercased() }

    /// Bytes of content in a DATA packet, 8...65464 (RFC 2348).
    public static let blockSize = Name(rawValue: "blksize")

    /// The size of the file in bytes; 0 in a read request asks for it (RFC 2349).
    public static let transferSize = Name(rawValue: "tsize")

    /// Seconds before a packet is sent again, 1...255 (RFC 2349).
    public static let timeout = Name(rawValue: "timeout")

    /// Blocks sent before an ACK is awaited, 1...65535 (RFC 7440).
    public static let windowSize = Name(rawValue: "windowsize")
  }

  public let name: Name

  /// The value as sent, nearly always a decimal number.
  public let value: String

  public init(_ name: Name, _ value: String) {
    self.name = name
    self.value = value
  }
}
