import NIOCore

/// Cuts the answer to a list into its objects while it comes, wherever its chunks end: of a large list no more is in memory
/// than what is under way.
///
/// The answer is one JSON object (RFC 8259) whose member `items` is an array of objects; what stands around them is
/// ``envelope``. API servers write `items` before `metadata` for custom resources, and behind it for their own kinds.
/// Looked at is only what cutting needs; whether the parts are JSON is found out by who reads them.
struct ListFramer {
  /// Why it is no list, or too large.
  struct Malformed: Error {
    var problem: String
  }

  private enum Place {
    case envelope, items, object
  }

  /// Deeper than any object of Kubernetes, whose definitions end at a few dozen.
  private static let maximumDepth = 512
  private static let maximumEnvelopeBytes = 1 << 20

  private let maximumBytes: Int
  private var place = Place.envelope
  /// Brackets and braces that are open.
  private var depth = 0
  private var isInString = false
  private var isEscaped = false
  /// The last text among the envelope's own members, as far as it takes to know `items`.
  private var word: [UInt8] = []
  private var isItemsNext = false
  private var object = ByteBuffer()

  /// What was said around the objects, with an empty array in their place.
  private(set) var envelope = ByteBuffer()

  /// - Parameter maximumBytes: of one object.
  init(maximumBytes: Int) { self.maximumBytes = maximumBytes }

  /// The objects that end in this chunk, in order.
  mutating func append(_ chunk: ByteBuffer) throws(Malformed) -> [ByteBuffer] {
    var objects: [ByteBuffer] = []
    var rest = chunk
    // Looked at, and not yet taken out of `rest`.
    var length = 0
    for byte in chunk.readableBytesView {
      if place == .object || isInString {
        length += 1
        try look(at: byte)
        guard place == .object, depth == 2 else { continue }
        try keep(&rest, &length)
        objects.append(object)
        object = ByteBuffer()
        place = .items
        continue
      }
      switch (place, byte) {
      case (.items, UInt8(ascii: "{")):
        try keep(&rest, &length)
        place = .object
        length = 1
        try look(at: byte)
      case (.items, UInt8(ascii: "]")):
        place = .envelope
        length = 1
        try look(at: byte)
      case (.items, UInt8(ascii: ",")), (.items, 0x20), (.items, 0x09), (.items, 0x0a), (.items, 0x0d):
        rest.moveReaderIndex(forwardBy: 1)
      case (.items, _): throw Malformed(problem: "among its items is something that is no object")
      default:
        length += 1
        try look(at: byte)
        guard isItemsNext, byte == UInt8(ascii: "["), depth == 2 else { continue }
        try keep(&rest, &length)
        place = .items
      }
    }
    try keep(&rest, &length)
    return objects
  }

  /// Whether it has ended, as far as brackets tell.
  var isWhole: Bool { depth == 0 && !isInString && envelope.readableBytes > 0 }

  /// Takes what was looked at to where it belongs.
  private mutating func keep(_ rest: inout ByteBuffer, _ length: inout Int) throws(Malformed) {
    guard length > 0, let part = rest.readSlice(length: length) else { return }
    length = 0
    if place == .object {
      object.writeImmutableBuffer(part)
      guard object.readableBytes <= maximumBytes else {
        throw Malformed(problem: "an object of it has more than \(maximumBytes) bytes")
      }
    } else {
      envelope.writeImmutableBuffer(part)
      guard envelope.readableBytes <= Self.maximumEnvelopeBytes else {
        throw Malformed(problem: "it has more than \(Self.maximumEnvelopeBytes) bytes around its items")
      }
    }
  }

  private mutating func look(at byte: UInt8) throws(Malformed) {
    if isInString {
      if isEscaped {
        isEscaped = false
      } else if byte == UInt8(ascii: "\\") {
        isEscaped = true
      } else if byte == UInt8(ascii: "\"") {
        isInString = false
        return
      }
      if depth == 1, word.count <= Self.items.count { word.append(byte) }
      return
    }
    switch byte {
    case UInt8(ascii: "\""):
      isInString = true
      if depth == 1 { word = [] }
    case UInt8(ascii: ":") where depth == 1: isItemsNext = word == Self.items
    case UInt8(ascii: ",") where depth == 1: isItemsNext = false
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      depth += 1
      guard depth <= Self.maximumDepth else {
        throw Malformed(problem: "it is nested more than \(Self.maximumDepth) deep")
      }
    case UInt8(ascii: "}"), UInt8(ascii: "]"):
      guard depth > 0 else { throw Malformed(problem: "it closes more than it opens") }
      depth -= 1
    default: break
    }
  }

  private static let items = Array("items".utf8)
}
