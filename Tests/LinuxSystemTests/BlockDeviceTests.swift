import Testing

@testable import LinuxSystem

@Suite("Disks")
struct BlockDeviceTests {
  private func disks(_ files: [String: String]) throws -> [BlockDevice] {
    let root = try TemporaryDirectory()
    for (name, contents) in files { try root.write(contents.utf8, to: name) }
    return try BlockDevice.all(root: root.path)
  }

  @Test("A SATA disk: model without ATA, serial from the product data page, size in 512-byte units")
  func sata() throws {
    let disk = try #require(
      try disks([
        "sda/size": "1875385008\n", "sda/queue/rotational": "0\n", "sda/removable": "0\n", "sda/ro": "0\n",
        "sda/device/vendor": "ATA     \n", "sda/device/model": "SAMSUNG MZ7LH960\n",
        "sda/device/vpd_pg80": "\0\u{1}", "sda/device/wwid": "naa.5002538e00000001\n",
      ]).first)
    #expect(disk.kind == .ssd)
    #expect(disk.size == 1_875_385_008 * 512)
    #expect(disk.model == "SAMSUNG MZ7LH960")
    #expect(disk.serial == nil)
    #expect(disk.wwid == "naa.5002538e00000001")
    #expect(disk.path == "/dev/sda")
    #expect(!disk.isRemovable)
  }

  @Test("A SAS disk: maker and model, serial of page 80h trimmed")
  func sas() throws {
    let root = try TemporaryDirectory()
    try root.write("100".utf8, to: "sdb/size")
    try root.write("1".utf8, to: "sdb/queue/rotational")
    try root.write("SEAGATE".utf8, to: "sdb/device/vendor")
    try root.write("ST4000".utf8, to: "sdb/device/model")
    try root.write([0x00, 0x80, 0x00, 0x0a] + Array("  Z1Z0ABCD".utf8) + [0], to: "sdb/device/vpd_pg80")
    let disk = try #require(try BlockDevice.all(root: root.path).first)
    #expect(disk.kind == .hdd)
    #expect(disk.model == "SEAGATE ST4000")
    #expect(disk.serial == "Z1Z0ABCD")
  }

  @Test("NVMe, SD card and virtio")
  func others() throws {
    let disks = try disks([
      "nvme0n1/size": "8", "nvme0n1/device/model": "Dell Express Flash\n", "nvme0n1/device/serial": "S1\n",
      "nvme0n1/wwid": "eui.0025\n", "nvme0n1/uuid": "0000-1",
      "mmcblk0/size": "8", "mmcblk0/device/name": "SD16G\n", "mmcblk0/device/serial": "0x1234\n",
      "vda/size": "8", "vda/serial": "VBLK-1\n", "vda/device/vendor": "0x1af4\n", "vda/queue/rotational": "1",
    ])
    #expect(disks.map(\.name) == ["mmcblk0", "nvme0n1", "vda"])
    #expect(disks.map(\.kind) == [.sd, .nvme, .hdd])
    #expect(disks.map(\.model) == ["SD16G", "Dell Express Flash", nil])
    #expect(disks.map(\.serial) == ["0x1234", "S1", "VBLK-1"])
    #expect(disks[1].uuid == "0000-1")
  }

  @Test(
    "What is no disk, has no medium or is a hidden path is left out",
    arguments: [
      ["loop0/size": "8"], ["dm-0/size": "8"], ["md127/size": "8"], ["sr0/size": "8"], ["zram0/size": "8"],
      ["sdc/size": "0"], ["sdc/ro": "1"], ["sdc/size": "many"], ["nvme0c0n1/size": "8", "nvme0c0n1/hidden": "1"],
      ["mmcblk0boot0/size": "8"], ["sdc/size": "18446744073709551615"],
    ])
  func leftOut(files: [String: String]) throws {
    #expect(try disks(files).isEmpty)
  }

  @Test("No sysfs, no disks")
  func noDirectory() throws {
    #expect(try BlockDevice.all(root: "/nonexistent").isEmpty)
  }
}
