/// What a client asks for in an RRQ or WRQ (RFC 1350 §5, RFC 2347).
///
/// ```
///  2 bytes   string   1 byte  string  1 byte
/// +--------+---------+-------+-------+-------+  then name and value of each option,
/// | 1 or 2 | file    |   0   | mode  |   0   |  each ended by a zero byte
/// +--------+---------+-------+-------+-------+
/// ```
public struct TFTPRequest: Hashable, Sendable {
  /// How the file travels. Compared without regard to case, so kept in lower case: RFC 1350 allows any ("oCtEt").
  public struct Mode: RawRepresentable, Hashable, Sendable {
    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue.lowercased() }

    /// The bytes as they are.
    public static let octet = Mode(rawValue: "octet")

    /// Text: line ends become CR LF, a lone CR becomes CR NUL (see ``Netascii``).
    public static let netascii = Mode(rawValue: "netascii")
  }

  /// The file's name as it was sent: look it up by ``TFTPName/normalized(_:)``, never join it to a path.
  public let name: String

  public let mode: Mode

  /// The options in the order they were sent; one that is repeated counts once, as RFC 2347 forbids the repetition.
  public let options: [TFTPOption]

  public init(name: String, mode: Mode = .octet, options: [TFTPOption] = []) {
    self.name = name
    self.mode = mode
    self.options = options
  }

  /// The value of an option, if it was sent.
  public subscript(name: TFTPOption.Name) -> String? { options.first { $0.name == name }?.value }
}
