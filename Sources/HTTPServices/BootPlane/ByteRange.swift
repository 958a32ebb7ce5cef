/// The one range of bytes that a request asks for (RFC 9110 §14.1.2).
enum ByteRange: Equatable {
  /// The whole: no range, several, or one that cannot be read (all of which a server may ignore, §14.2).
  case whole
  /// First and last byte, within the file.
  case part(ClosedRange<Int64>)
  /// Nothing of the file: 416.
  case unsatisfiable

  /// - Parameters:
  ///   - header: the value of `Range`, if there is one.
  ///   - size: the file's, in bytes.
  init(header: String?, size: Int64) {
    guard let header, header.utf8.count <= 64, header.lowercased().hasPrefix("bytes=") else {
      self = .whole
      return
    }
    let bounds = header.dropFirst("bytes=".count).split(separator: "-", omittingEmptySubsequences: false)
    guard bounds.count == 2, let first = Self.number(bounds[0]), let last = Self.number(bounds[1]) else {
      self = .whole
      return
    }
    switch (first, last) {
    case (nil, nil): self = .whole
    case (nil, let suffix?):
      self = suffix == 0 || size == 0 ? .unsatisfiable : .part(max(0, size - suffix)...(size - 1))
    case (let first?, let last?) where last < first: self = .whole
    case (let first?, let last): self = first >= size ? .unsatisfiable : .part(first...min(last ?? .max, size - 1))
    }
  }

  /// A number, `.some(nil)` for nothing at all, `nil` for anything else. A number too large for us is larger than any file.
  private static func number(_ text: Substring) -> Int64?? {
    if text.isEmpty { return .some(nil) }
    guard text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
    return .some(Int64(text) ?? .max)
  }
}
