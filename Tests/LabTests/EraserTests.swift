import BareMetal
import Foundation
import Testing

@testable import LinuxSystem

extension RackTests {
  /// The eraser on loop devices: the kernel's block layer as it is, over files.
  @Suite("Erasing real block devices")
  struct EraserTests {
    private func erase(_ device: LoopDevice, _ mode: DiskEraser.Mode, size: Int? = nil) -> Result<
      DiskEraser.Outcome, DiskEraser.Failure
    > {
      Result { () throws(DiskEraser.Failure) in
        try DiskEraser.erase(path: device.path, size: UInt64(size ?? device.image.size), mode: mode) { _, _ in true }
      }
    }

    @Test(
      "Whatever was on a disk, of even or odd size, nothing of it is found after it",
      arguments: [DiskEraser.Mode.fast, .full], [40 << 20, (40 << 20) + 7 * 512])
    func erases(mode: DiskEraser.Mode, size: Int) throws {
      let directory = try LoopDevice.Directory()
      let image = try DiskImage(in: directory.url, named: "disk", size: size)
      let before = try image.signatures
      #expect(before.isSuperset(of: ["gpt", "PMBR", "linux_raid_member"]), "\(before)")
      let device = try LoopDevice(image)
      let outcome = try erase(device, mode).get()
      // A loop device punches holes into its file.
      #expect(outcome.method == (mode == .fast ? "discard+ends" : "discard+zero-check"))
      try device.detach()
      #expect(try image.hasBlankEnds)
      #expect(try image.isBlank)
      #expect(try image.signatures.isEmpty)
    }

    @Test("A disk that is mounted is not erased, and nothing on it changes")
    func inUse() throws {
      let directory = try LoopDevice.Directory()
      let image = try DiskImage(in: directory.url, named: "disk", size: 16 << 20)
      let device = try LoopDevice(image)
      try Command.run("wipefs", "--all", "--force", device.path)
      try Command.run("mkfs.ext4", "-q", "-F", "-L", "precious", device.path)
      let contents = try DiskContents(path: device.path, size: UInt64(image.size))
      #expect(contents.labels == ["precious"])
      let place = directory.url.appending(path: "mounted")
      try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
      try Command.run("mount", "-o", "ro,noload", device.path, place.path())
      let before = try image.contents
      let result = erase(device, .full)
      try Command.run("umount", place.path())
      guard case .failure(let failure) = result else {
        Issue.record("a mounted disk was erased")
        return
      }
      #expect(failure.reason == "it is in use: mounted, or part of a RAID or a volume group")
      #expect(try image.contents == before)
    }

    @Test("A disk that is read-only, or of another size than it was, is not erased")
    func refused() throws {
      let directory = try LoopDevice.Directory()
      let image = try DiskImage(in: directory.url, named: "disk", size: 16 << 20)
      let before = try image.contents
      let readOnly = try LoopDevice(image, "--read-only")
      guard case .failure(let failure) = erase(readOnly, .fast) else {
        Issue.record("a read-only disk was erased")
        return
      }
      #expect(failure.reason.hasPrefix("it cannot be written to"))
      try readOnly.detach()
      let grown = try LoopDevice(image)
      guard case .failure(let other) = erase(grown, .fast, size: 8 << 20) else {
        Issue.record("a disk of another size was erased")
        return
      }
      #expect(other.reason == "it has 16777216 bytes now, and had 8388608 when it was looked for")
      #expect(try image.contents == before)
    }

    @Test("Every method that a loop device has leaves nothing", arguments: [EraseMethod.zeroOut, .overwrite])
    func methods(method: EraseMethod) throws {
      let directory = try LoopDevice.Directory()
      let image = try DiskImage(in: directory.url, named: "disk", size: (20 << 20) + 512)
      let device = try LoopDevice(image)
      do {
        let disk = try RawDisk(path: device.path)
        #expect(disk.size == UInt64(image.size))
        let run = try EraseRun(DiskEraser(disk, mode: .full) { _, _ in true })
        #expect(try run.erase(by: method).hasSuffix("64 random blocks written before are zero"))
      }
      try device.detach()
      #expect(try image.isBlank)
    }
  }
}

/// A file as a disk, until the object goes.
private final class LoopDevice {
  /// Where images are; gone with the object.
  final class Directory {
    let url: URL

    init() throws {
      url = FileManager.default.temporaryDirectory.appending(path: "siderite-lab.\(UUID().uuidString)")
      try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }
  }

  let image: DiskImage
  let path: String
  private var isAttached = true

  init(_ image: DiskImage, _ options: String...) throws {
    self.image = image
    path = try Command.run(["losetup", "--find", "--show"] + options + [image.path])
      .trimmingCharacters(in: .whitespacesAndNewlines)
  }

  func detach() throws {
    guard isAttached else { return }
    isAttached = false
    try Command.run("losetup", "--detach", path)
  }

  deinit { try? detach() }
}
