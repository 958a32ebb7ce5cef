import TFTP
import Testing

struct TFTPParametersTests {
  private func answer(
    _ options: [TFTPOption], mode: TFTPRequest.Mode = .octet, size: Int = 1000, limits: TFTPLimits = TFTPLimits()
  ) throws(TFTPRefusal) -> TFTPParameters {
    try TFTPParameters(
      answering: TFTPRequest(name: "a", mode: mode, options: options), size: size, limits: limits)
  }

  @Test("without options there is no OACK: 512 bytes, lock-step")
  func plain() throws {
    let parameters = try answer([])
    #expect(parameters == TFTPParameters())
    #expect(parameters.blockSize == 512)
    #expect(parameters.windowSize == 1)
  }

  @Test("options are granted in the order asked, unknown ones left out")
  func granted() throws {
    let parameters = try answer([
      TFTPOption(.transferSize, "0"), TFTPOption(TFTPOption.Name(rawValue: "multicast"), ""),
      TFTPOption(.blockSize, "1024"), TFTPOption(.timeout, "3"), TFTPOption(.windowSize, "8"),
    ])
    #expect(
      parameters.acknowledged == [
        TFTPOption(.transferSize, "1000"), TFTPOption(.blockSize, "1024"), TFTPOption(.timeout, "3"),
        TFTPOption(.windowSize, "8"),
      ])
    #expect(parameters.blockSize == 1024)
    #expect(parameters.windowSize == 8)
    #expect(parameters.timeout == .seconds(3))
  }

  @Test("what is asked is lowered to the limits, never raised")
  func clamped() throws {
    let parameters = try answer([TFTPOption(.blockSize, "65464"), TFTPOption(.windowSize, "65535")])
    #expect(parameters.acknowledged == [TFTPOption(.blockSize, "1468"), TFTPOption(.windowSize, "64")])
    #expect(try answer([TFTPOption(.blockSize, "8"), TFTPOption(.windowSize, "1")]).blockSize == 8)
  }

  @Test("large blocks get a window that keeps within the bytes in flight")
  func windowBytes() throws {
    var limits = TFTPLimits()
    limits.blockSize = 65464
    let parameters = try answer([TFTPOption(.windowSize, "64"), TFTPOption(.blockSize, "65464")], limits: limits)
    #expect(parameters.windowSize == 2)
    #expect(parameters.acknowledged.first == TFTPOption(.windowSize, "2"))
  }

  @Test(
    "a value outside its RFC's range is refused with ERROR 8",
    arguments: [
      (TFTPOption.Name.blockSize, "7"), (.blockSize, "65465"), (.blockSize, ""), (.blockSize, "x"), (.blockSize, "-8"),
      (.blockSize, "99999999999999999999"), (.blockSize, "+512"), (.windowSize, "0"), (.windowSize, "65536"),
      (.timeout, "0"), (.timeout, "256"), (.transferSize, "-1"), (.transferSize, "huge"),
    ])
  func refused(name: TFTPOption.Name, value: String) throws {
    do {
      _ = try answer([TFTPOption(name, value)])
      Issue.record("granted")
    } catch {
      #expect(error.code == .optionNegotiation)
    }
  }

  @Test("a mode that is neither octet nor netascii is refused with ERROR 4", arguments: ["mail", "binary", ""])
  func mode(name: String) throws {
    do {
      _ = try answer([], mode: TFTPRequest.Mode(rawValue: name))
      Issue.record("granted")
    } catch {
      #expect(error.code == .illegalOperation)
    }
  }

  @Test("the size of an empty file is not told: curl takes 0 for an error")
  func emptyFile() throws {
    #expect(try answer([TFTPOption(.transferSize, "0")], size: 0).acknowledged.isEmpty)
  }
}
