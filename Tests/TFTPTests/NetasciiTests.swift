import TFTP
import Testing

struct NetasciiTests {
  private func encode(_ text: String) -> [UInt8] {
    let source = Array(text.utf8)
    var stream = Netascii()
    var bytes = [UInt8]()
    while let byte = stream.next(of: source.span) { bytes.append(byte) }
    return bytes
  }

  @Test(
    "line ends become CR LF, a lone CR becomes CR NUL",
    arguments: [
      ("", ""), ("abc", "abc"), ("a\nb", "a\r\nb"), ("\n", "\r\n"), ("\r", "\r\0"), ("a\r\nb", "a\r\0\r\nb"),
    ])
  func conversion(text: String, sent: String) {
    #expect(encode(text) == Array(sent.utf8))
    #expect(Netascii.count(of: Array(text.utf8).span) == sent.utf8.count)
  }

  @Test("a copy goes on from where it was made")
  func checkpoint() {
    let source = Array("one\ntwo\rthree".utf8)
    var stream = Netascii()
    for _ in 0..<4 { _ = stream.next(of: source.span) }
    var copy = stream
    #expect(stream.next(of: source.span) == UInt8(ascii: "\n"))
    #expect(copy.next(of: source.span) == UInt8(ascii: "\n"))
    #expect(copy.next(of: source.span) == UInt8(ascii: "t"))
  }
}
