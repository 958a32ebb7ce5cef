/// The text form of TFTP (RFC 1350 §1, after RFC 764): LF travels as CR LF, a lone CR as CR NUL.
///
/// A value that is walked along: copy it to remember a place, and go on from the copy to get the same bytes again.
public struct Netascii: Hashable, Sendable {
  private static let carriageReturn = UInt8(ascii: "\r")
  private static let lineFeed = UInt8(ascii: "\n")

  /// How many source bytes were taken.
  private var offset = 0

  /// The second byte of a pair whose first was given out.
  private var pending: UInt8?

  public init() {}

  /// The next byte as sent, or `nil` at the end of `source`.
  public mutating func next(of source: Span<UInt8>) -> UInt8? {
    if let second = pending {
      pending = nil
      return second
    }
    guard offset < source.count else { return nil }
    let byte = source[offset]
    offset += 1
    switch byte {
    case Self.lineFeed:
      pending = Self.lineFeed
      return Self.carriageReturn
    case Self.carriageReturn:
      pending = 0
      return Self.carriageReturn
    default:
      return byte
    }
  }

  /// The number of bytes `source` takes when sent.
  public static func count(of source: Span<UInt8>) -> Int {
    var count = source.count
    for index in source.indices where source[index] == lineFeed || source[index] == carriageReturn { count += 1 }
    return count
  }
}
