/// The patterns of `modules.alias`, glob(7): `*`, `?` and sets such as `[0-9a]`.
enum Wildcard {
  /// Whether the whole of `text` matches. Takes at most `pattern` × `text` steps: only the last `*` is ever tried again.
  static func matches(_ pattern: [UInt8], _ text: [UInt8]) -> Bool {
    var patternIndex = 0
    var textIndex = 0
    var retry: (pattern: Int, text: Int)?
    while textIndex < text.count {
      if patternIndex < pattern.count, pattern[patternIndex] == UInt8(ascii: "*") {
        patternIndex += 1
        retry = (patternIndex, textIndex)
      } else if let next = step(pattern, patternIndex, text[textIndex]) {
        patternIndex = next
        textIndex += 1
      } else if let (afterStar, start) = retry {
        patternIndex = afterStar
        textIndex = start + 1
        retry = (afterStar, textIndex)
      } else {
        return false
      }
    }
    return pattern[patternIndex...].allSatisfy { $0 == UInt8(ascii: "*") }
  }

  /// Where the pattern goes on if its element at `index` matches `byte`.
  private static func step(_ pattern: [UInt8], _ index: Int, _ byte: UInt8) -> Int? {
    guard index < pattern.count else { return nil }
    switch pattern[index] {
    case UInt8(ascii: "?"):
      return index + 1
    case UInt8(ascii: "["):
      guard let end = pattern[index...].firstIndex(of: UInt8(ascii: "]")) else { return nil }
      return set(pattern[(index + 1)..<end], contains: byte) ? end + 1 : nil
    default:
      return pattern[index] == byte ? index + 1 : nil
    }
  }

  private static func set(_ members: ArraySlice<UInt8>, contains byte: UInt8) -> Bool {
    var index = members.startIndex
    while index < members.endIndex {
      if index + 2 < members.endIndex, members[index + 1] == UInt8(ascii: "-") {
        if members[index] <= byte, byte <= members[index + 2] { return true }
        index += 3
      } else {
        if members[index] == byte { return true }
        index += 1
      }
    }
    return false
  }
}
