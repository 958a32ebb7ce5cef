import BareMetal
import Foundation
import HTTPTypes
import Testing

@testable import HTTPServices

@Suite("Files over HTTP")
struct AssetTests {
  /// More than two chunks, no multiple of one.
  static let kernel = (0..<300_001).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }

  func rack() throws -> Rack {
    let rack = try Rack()
    try rack.serve([
      (.program("snponly.efi"), Array("program".utf8)), (.program("rpi/start4.elf"), [1, 2, 3]),
      (.program("empty.kpxe"), []), (.environment("agent-amd64", .kernel), Self.kernel),
      (.environment("agent-amd64", .initramfs), Array("initramfs".utf8)),
    ])
    return rack
  }

  @Test("A kernel of several chunks arrives whole, and the journal follows it")
  func whole() async throws {
    let rack = try rack()
    let answer = try await rack.ask(.get, "/env/agent-amd64/vmlinuz")
    #expect(answer.status == 200)
    #expect(answer.body == Self.kernel)
    #expect(answer.headers[.contentLength] == "\(Self.kernel.count)")
    #expect(rack.reasons == ["TransferStarted", "TransferFinished"])
    #expect(rack.messages.first == "fetches agent-amd64/vmlinuz (300 kB)")
  }

  @Test("A program for UEFI HTTP boot: its type, its length by HEAD, no event for HEAD")
  func program() async throws {
    let rack = try rack()
    let head = try await rack.ask(.head, "/tftp/snponly.efi")
    #expect(head.status == 200)
    #expect(head.body.isEmpty)
    #expect(head.headers[.contentLength] == "7")
    #expect(head.headers[.contentType] == "application/efi")
    #expect(head.headers[.acceptRanges] == "bytes")
    #expect(rack.reasons.isEmpty)
    #expect(try await rack.ask(.get, "/tftp/snponly.efi").text == "program")
    #expect(try await rack.ask(.get, "/tftp/rpi/start4.elf").body == [1, 2, 3])
  }

  @Test("An empty file is an empty answer")
  func empty() async throws {
    let answer = try await rack().ask(.get, "/tftp/empty.kpxe")
    #expect(answer.status == 200)
    #expect(answer.headers[.contentLength] == "0")
    #expect(answer.body.isEmpty)
  }

  @Test(
    "One range is 206, one outside 416, several or none that can be read the whole",
    arguments: [
      ("bytes=0-0", 206, 0..<1), ("bytes=0-9", 206, 0..<10), ("bytes=100-", 206, 100..<300_001),
      ("bytes=-5", 206, 299_996..<300_001), ("bytes=-999999", 206, 0..<300_001),
      ("bytes=300000-300000", 206, 300_000..<300_001), ("bytes=10-999999999999999999999999", 206, 10..<300_001),
      ("bytes=131071-131073", 206, 131_071..<131_074), ("Bytes=0-0", 206, 0..<1),
      ("bytes=300001-", 416, 0..<0), ("bytes=-0", 416, 0..<0), ("bytes=99999999999999999999-", 416, 0..<0),
      ("bytes=0-1,3-4", 200, 0..<300_001), ("bytes=5-4", 200, 0..<300_001), ("bytes=-", 200, 0..<300_001),
      ("bytes=", 200, 0..<300_001), ("bytes=a-b", 200, 0..<300_001), ("lines=0-1", 200, 0..<300_001),
      ("bytes=--5", 200, 0..<300_001), ("bytes=+1-2", 200, 0..<300_001),
    ])
  func ranges(_ header: String, _ status: Int, _ expected: Range<Int>) async throws {
    let rack = try rack()
    for method in [HTTPRequest.Method.get, .head] {
      let answer = try await rack.ask(method, "/env/agent-amd64/vmlinuz", headers: [.range: header])
      #expect(answer.status == status)
      #expect(answer.body == (method == .get ? Array(Self.kernel[expected]) : []))
      #expect(answer.headers[.contentLength] == "\(expected.count)")
      switch status {
      case 206:
        #expect(answer.headers[.contentRange] == "bytes \(expected.lowerBound)-\(expected.upperBound - 1)/300001")
      case 416: #expect(answer.headers[.contentRange] == "bytes */300001")
      default: #expect(answer.headers[.contentRange] == nil)
      }
    }
  }

  @Test("A range of an empty file is 416")
  func rangeOfEmpty() {
    for header in ["bytes=0-", "bytes=0-0", "bytes=-1"] {
      #expect(ByteRange(header: header, size: 0) == .unsatisfiable)
    }
  }

  @Test("A range is not taken with If-Range, for we give no validator out")
  func ifRange() async throws {
    let answer = try await rack().ask(
      .get, "/env/agent-amd64/vmlinuz", headers: [.range: "bytes=0-0", .ifRange: "\"x\""])
    #expect(answer.status == 200)
    #expect(answer.body == Self.kernel)
  }

  @Test(
    "No listing, no way up, nothing that is not in the table",
    arguments: [
      "/", "/tftp", "/tftp/", "/env", "/env/", "/env/agent-amd64", "/env/agent-amd64/", "/tftp/..", "/tftp/../env",
      "/tftp/../../etc/passwd", "/tftp/%2e%2e/%2e%2e/etc/passwd", "/tftp/..%2f..%2fetc%2fpasswd",
      "/tftp//etc/passwd", "/tftp/%2fetc%2fpasswd", "/tftp/snponly.efi/", "/tftp/SNPONLY.EFI", "/tftp/snponly.efi%00",
      "/env/../tftp/snponly.efi", "/env/agent-amd64/../agent-amd64/vmlinuz", "/env/agent-amd64/System.map",
      "/env/agent-arm64/vmlinuz", "/env/agent-amd64%2fvmlinuz", "/env/agent-amd64/vmlinuz/x", "/etc/passwd",
      "/tftp/rpi", "/tftp/rpi/", "/configdata", "/agent/v1/registrations",
    ])
  func unknown(_ path: String) async throws {
    let rack = try rack()
    for method in [HTTPRequest.Method.get, .head] {
      let answer = try await rack.ask(method, path)
      #expect(answer.status == 404)
      #expect(method == .head ? answer.body.isEmpty : answer.isOneLine)
      #expect(!answer.text.contains(rack.folder))
    }
  }

  @Test("A file that is not there is told of, but not the script that iPXE looks for by itself")
  func journalOfUnknown() async throws {
    let rack = try rack()
    #expect(try await rack.ask(.get, "/tftp/autoexec.ipxe").status == 404)
    #expect(rack.reasons.isEmpty)
    #expect(try await rack.ask(.get, "/tftp/lpxelinux.0").status == 404)
    #expect(rack.reasons == ["TransferFailed"])
  }

  @Test("Other methods are refused", arguments: ["PUT", "POST", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"])
  func methods(_ name: String) async throws {
    let method = try #require(HTTPRequest.Method(name))
    let answer = try await rack().ask(method, "/tftp/snponly.efi")
    #expect(answer.status == 404)
    #expect(answer.isOneLine)
  }

  @Test("A file that was changed or removed under us is 503, not half a file")
  func changed() async throws {
    let rack = try rack()
    let asset = try #require(rack.assets.asset(.program("snponly.efi")))
    try Data("longer than before".utf8).write(to: URL(fileURLWithPath: asset.path))
    let changed = try await rack.ask(.get, "/tftp/snponly.efi")
    #expect(changed.status == 503)
    #expect(changed.isOneLine)
    #expect(!changed.text.contains(rack.folder))
    try FileManager.default.removeItem(atPath: asset.path)
    #expect(try await rack.ask(.head, "/tftp/snponly.efi").status == 503)
    #expect(rack.reasons == ["TransferFailed", "TransferFailed"])
  }

  @Test("The table can be replaced while it serves")
  func replaced() async throws {
    let rack = try rack()
    try rack.serve([(.program("ipxe.efi"), [7])])
    #expect(try await rack.ask(.get, "/tftp/snponly.efi").status == 404)
    #expect(try await rack.ask(.get, "/tftp/ipxe.efi").body == [7])
  }
}
