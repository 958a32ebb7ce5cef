import Glibc
import Synchronization
import Testing

@testable import LinuxSystem

@Suite("Erasing a disk")
struct DiskEraserTests {
  /// What came of it: `discard+zero-check` or `failed: REASON`, and the attempts.
  struct Run {
    var result: String
    var attempts: [String]
    var verification: String?
    var progress: [(String, UInt64)]
  }

  private static let size = 24 << 20

  private func erase(
    _ disk: FakeDisk, _ mode: DiskEraser.Mode = .full, stopAt limit: UInt64 = .max
  ) -> Run {
    let progress = Mutex<[(String, UInt64)]>([])
    let eraser = DiskEraser(disk, mode: mode, pause: { _ in }) { method, bytes in
      progress.withLock { $0.append((method, bytes)) }
      return bytes < limit
    }
    do throws(DiskEraser.Failure) {
      let outcome = try eraser.run()
      return Run(
        result: outcome.method, attempts: outcome.attempts, verification: outcome.verification,
        progress: progress.withLock { $0 })
    } catch {
      return Run(
        result: "\(error.isStopped ? "stopped" : "failed"): \(error.reason)", attempts: error.attempts,
        progress: progress.withLock { $0 })
    }
  }

  // MARK: Which method

  @Test("Every byte is zero after the full mode, by the first method that the disk can")
  func chain() {
    let cases: [(FakeDisk.Behaviour, String, Int)] = [
      (.init(secureDiscard: .zeros), "secure-discard", 0), (.init(), "discard+zero-check", 1),
      (.init(discard: .unsupported), "zeroout", 2),
      (.init(discard: .unsupported, zeroOut: .unsupported), "overwrite", 3),
      (.init(discard: .fails(EIO), zeroOut: .fails(EIO)), "overwrite", 3),
    ]
    for (behaviour, method, attempts) in cases {
      let disk = FakeDisk(size: Self.size, behaviour)
      let run = erase(disk)
      #expect(run.result == method)
      #expect(run.attempts.count == attempts, "\(run.attempts)")
      #expect(disk.isBlank)
      #expect(disk.misaligned == 0)
      #expect(run.progress.last?.0 == method)
      #expect(run.progress.last?.1 == disk.size)
    }
    #expect(erase(FakeDisk(size: Self.size)).attempts == ["secure-discard: not supported"])
  }

  @Test("A disk that says it erased and did not is found out, and erased in another way")
  func lies() {
    let behaviour = FakeDisk.Behaviour(discard: .lies, secureDiscard: .lies, zeroOut: .lies)
    let disk = FakeDisk(size: Self.size, behaviour)
    let run = erase(disk)
    #expect(run.result == "overwrite")
    #expect(disk.isBlank)
    #expect(run.attempts.count == 3)
    #expect(run.attempts[0].hasPrefix("secure-discard: what was at byte "))
    #expect(run.attempts[1] == "discard+zero-check: byte 0 is not zero after it")
    #expect(run.attempts[2].hasPrefix("zeroout: byte "))
  }

  @Test("It is found out even when nearly nothing was on it")
  func liesAboutNothing() {
    let disk = FakeDisk(size: Self.size, .init(secureDiscard: .lies), filledWith: 0)
    let run = erase(disk)
    #expect(run.result == "discard+zero-check")
    #expect(run.attempts.first?.hasSuffix("is still there after it") == true)
  }

  @Test("What an erased disk reads as is its choice, but both ends are zero")
  func garbage() {
    let disk = FakeDisk(size: Self.size, .init(secureDiscard: .garbage))
    #expect(erase(disk).result == "secure-discard")
    #expect(disk.hasBlankEnds)
    #expect(!disk.isBlank)
  }

  // MARK: The fast mode

  @Test("The fast mode discards and overwrites both ends; a disk that cannot discard is no failure")
  func fast() {
    for (discard, method) in [
      (FakeDisk.Obedience.zeros, "discard+ends"), (.unsupported, "ends"), (.lies, "discard+ends"),
    ] {
      let disk = FakeDisk(size: Self.size, .init(discard: discard))
      let run = erase(disk, .fast)
      #expect(run.result == method)
      #expect(run.verification == "both ends and all known places (8 MiB) are zero")
      #expect(disk.hasBlankEnds)
    }
  }

  @Test("A disk of an odd number of sectors, and one smaller than its ends, have their last byte erased")
  func oddSizes() {
    for size in [512, 4096 + 512, 1 << 20, (9 << 20) + 7 * 512] {
      for mode in [DiskEraser.Mode.fast, .full] {
        let disk = FakeDisk(size: size, .init(discard: .unsupported, zeroOut: .unsupported))
        let run = erase(disk, mode)
        #expect(run.result == (mode == .fast ? "ends" : "overwrite"))
        #expect(disk.bytes.first == 0 && disk.bytes.last == 0)
        #expect(mode == .fast || disk.isBlank)
        #expect(disk.misaligned == 0)
      }
    }
  }

  @Test("Sectors of 4096 bytes are read and written whole")
  func largeSectors() {
    let disk = FakeDisk(size: Self.size, sectorSize: 4096)
    #expect(erase(disk).result == "discard+zero-check")
    #expect(disk.misaligned == 0)
  }

  // MARK: Faults

  @Test("Writes that take less than they are given go on where they stopped")
  func shortWrites() {
    let disk = FakeDisk(size: Self.size, .init(discard: .unsupported, zeroOut: .unsupported, mostOfAWrite: 12_800))
    #expect(erase(disk).result == "overwrite")
    #expect(disk.isBlank)
    let stuck = FakeDisk(size: Self.size, .init(mostOfAWrite: 0))
    #expect(erase(stuck).result.hasPrefix("failed: writes nothing at byte "))
  }

  @Test("A sector that cannot be written, or read back, fails the disk; an end that keeps nothing does too")
  func badSectors() {
    let last = UInt64(Self.size)
    let unwritable = FakeDisk(size: Self.size, .init(discard: .zeros, unwritable: last - 512..<last))
    #expect(erase(unwritable, .fast).result.contains("write fake: Input/output error, at byte"))
    let unreadable = FakeDisk(size: Self.size, .init(unreadable: 0..<512))
    #expect(erase(unreadable, .fast).result.hasPrefix("failed: read fake: Input/output error"))
    let forgetful = FakeDisk(size: Self.size, .init(discard: .unsupported, forgets: last - 4096..<last))
    #expect(
      erase(forgetful, .fast).result
        == "failed: byte \(last - 4096) is not zero after zeros were written there: the disk does not keep what it is given"
    )
  }

  @Test("Zeros that are only in a cache are no proof")
  func lyingCache() {
    let disk = FakeDisk(size: Self.size, .init(hasLyingCache: true))
    #expect(erase(disk, .fast).result.hasPrefix("failed: byte 0 is not zero"))
    #expect(
      erase(FakeDisk(size: Self.size, .init(flushFails: true)), .fast).result
        == "failed: fsync fake: Input/output error")
  }

  @Test("It stops when nobody wants it any more")
  func stops() {
    let disk = FakeDisk(size: Self.size, .init(discard: .unsupported, zeroOut: .unsupported))
    let run = erase(disk, stopAt: 8 << 20)
    #expect(run.result == "stopped: stopped before it was erased")
    #expect(disk.bytes.last != 0)
  }

  // MARK: NVMe

  private func nvme(_ behaviour: FakeController.Behaviour) -> (Run, FakeController, FakeDisk) {
    let controller = FakeController(behaviour)
    let disk = FakeDisk(size: Self.size, nvme: controller)
    controller.attach(disk)
    return (erase(disk), controller, disk)
  }

  @Test("NVMe sanitizes by block erase, and waits for its end")
  func sanitizes() {
    let (run, controller, disk) = nvme(
      .init(sanitize: 3, log: [(0, 0), (2, 0x4000), (2, 0x8000), (1, 0xffff)]))
    #expect(run.result == "nvme-sanitize-block")
    #expect(controller.changes.map(\.opcode) == [0x84])
    #expect(controller.changes.first?.dword10 == 0b1010)
    #expect(run.progress.map(\.1).contains(disk.size / 65_536 * 0x8000))
    #expect(disk.bytes.first == 0 && disk.bytes.last == 0)
  }

  @Test("A sanitize that fails is left, and the next method tried")
  func sanitizeFails() {
    let (run, controller, _) = nvme(
      .init(sanitize: 2, commands: 2, log: [(0, 0), (2, 1), (3, 0)]))
    #expect(run.result == "nvme-format")
    #expect(controller.changes.map(\.opcode) == [0x84, 0x84, 0x80])
    #expect(controller.changes[1].dword10 == 1)
    #expect(run.attempts.first == "nvme-sanitize-block: sanitize ended with status 3")
    #expect(run.attempts.last == "nvme-sanitize-crypto: not supported")
  }

  @Test("Other namespaces are never hit: neither by a sanitize nor by a format that erases all")
  func others() {
    for behaviour in [
      FakeController.Behaviour(sanitize: 3, commands: 2, format: 1, namespaces: [1, 2]),
      .init(sanitize: 3, commands: 2 | 8, format: 2, allocated: [1, 7]),
    ] {
      let (run, controller, _) = nvme(behaviour)
      #expect(controller.changes.isEmpty)
      #expect(run.result == "discard+zero-check")
      #expect(run.attempts.filter { $0.hasSuffix("it would erase other namespaces too") }.count == 3)
    }
    // A format of its own namespace alone is fine.
    #expect(nvme(.init(commands: 2, namespaces: [1, 2])).0.result == "nvme-format")
  }

  @Test("A format keeps the LBA format and protection; without user data erase it takes the key")
  func formats() {
    let (run, controller, _) = nvme(
      .init(commands: 2, format: 4, size: 0b0101_0011, protection: 0b1010, formatStatus: [1: 0x2]))
    #expect(run.result == "nvme-format")
    // LBAF 3 with metadata at the end; PI 2, at the front; upper LBAF bits 2.
    let kept: UInt32 = 0b10_000_1_010_1_0011
    #expect(controller.changes.map(\.dword10) == [kept | 1 << 9, kept | 2 << 9])
    #expect(controller.changes.allSatisfy { $0.namespace == 1 })
  }

  @Test("A controller that says it erased and did not is found out")
  func formatLies() {
    let (run, _, disk) = nvme(.init(commands: 2, erases: false))
    #expect(run.result == "discard+zero-check")
    #expect(run.attempts.contains { $0.hasPrefix("nvme-format: what was at byte") })
    #expect(disk.isBlank)
  }
}
