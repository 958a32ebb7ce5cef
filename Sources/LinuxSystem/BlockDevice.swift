internal import Glibc

/// A disk as sysfs shows it (`/sys/block/NAME`). The disk itself is not opened.
public struct BlockDevice: Hashable, Sendable {
  /// What kind of disk.
  public enum Kind: String, Hashable, Sendable {
    /// Spinning, or says so: virtio disks do.
    case hdd = "HDD"
    case ssd = "SSD"
    case nvme = "NVMe"
    /// SD card or eMMC.
    case sd = "SD"
  }

  /// `sda`
  public let name: String
  public let kind: Kind
  /// Bytes.
  public let size: UInt64
  public let model: String?
  public let serial: String?
  /// `naa.5000…`, `eui.…`, `nvme.…`, `t10.…`: unique in the world, if the maker took care.
  public let wwid: String?
  /// NVMe only.
  public let uuid: String?
  /// The medium can be taken out, or (virtual media of a BMC) be changed by somebody else.
  public let isRemovable: Bool
  public let isReadOnly: Bool
  /// An image that a BMC shows as a USB disk. Most say that they are removable, too.
  public let isVirtual: Bool

  /// Part of the machine.
  public var isFixed: Bool { !isRemovable && !isVirtual }

  /// `/dev/sda`
  public var path: String { "/dev/\(name)" }

  /// Every disk with a medium in it, in the order of their names. Left out: what is made of other disks or of memory
  /// (loop, md, dm, ram, zram, nbd), optical and floppy drives, and the hidden paths of multipath NVMe.
  public static func all(root: String = "/sys/block") throws(SystemError) -> [BlockDevice] {
    try Directory.names(in: root).compactMap { BlockDevice(name: $0, directory: "\(root)/\($0)") }
  }

  private static let madeOfOthers = ["loop", "md", "dm-", "ram", "zram", "nbd", "sr", "fd", "mtdblock", "drbd", "rbd"]

  /// Reads one; `nil` when it is not a disk or has no medium.
  init?(name: String, directory: String) {
    guard !Self.madeOfOthers.contains(where: name.hasPrefix), Attribute.number("\(directory)/hidden") != 1,
      // Boot and replay-protected partitions of eMMC come as disks of their own.
      !name.hasPrefix("mmcblk") || !name.dropFirst(6).contains("b"),
      let sectors = Attribute.number("\(directory)/size"), sectors > 0, sectors < 1 << 54
    else { return nil }
    self.name = name
    // The unit of this attribute is 512 bytes whatever the disk's sectors are.
    size = sectors * 512
    isRemovable = Attribute.number("\(directory)/removable") == 1
    isReadOnly = Attribute.number("\(directory)/ro") == 1
    let isRotational = Attribute.number("\(directory)/queue/rotational") == 1
    kind =
      name.hasPrefix("nvme") ? .nvme : name.hasPrefix("mmcblk") ? .sd : isRotational ? .hdd : .ssd

    let device = "\(directory)/device"
    model = Self.model(device: device)
    // `iDRAC Virtual Floppy`, `AMI Virtual HDisk0`, `Linux Virtual Media`, …; the hypervisors' virtual disks are not on USB.
    isVirtual = model?.lowercased().contains("virtual") == true && Self.isOnUSB(device)
    // virtio has the serial on the disk; NVMe and MMC on the device; SCSI and ATA in a page of vital product data.
    serial =
      Attribute.text("\(directory)/serial") ?? Attribute.text("\(device)/serial")
      ?? Self.productDataSerial("\(device)/vpd_pg80")
    wwid = Attribute.text("\(directory)/wwid") ?? Attribute.text("\(device)/wwid")
    uuid = Attribute.text("\(directory)/uuid")
  }

  private static func model(device: String) -> String? {
    guard let model = Attribute.text("\(device)/model") else { return Attribute.text("\(device)/name") }
    // libata puts "ATA" where SCSI has the maker; virtio has a PCI number there, and no model.
    guard let vendor = Attribute.text("\(device)/vendor"), vendor != "ATA", !vendor.hasPrefix("0x"),
      !model.hasPrefix(vendor)
    else { return model }
    return "\(vendor) \(model)"
  }

  /// The kernel's name of the device has the way to it: `/sys/devices/pci0000:00/0000:00:14.0/usb1/1-4/…`.
  private static func isOnUSB(_ device: String) -> Bool {
    guard let path = realpath(device, nil) else { return false }
    defer { free(path) }
    return String(cString: path).contains("/usb")
  }

  /// The serial number of a SCSI disk: vital product data page 80h (SPC-4 §7.8.13), four bytes of header, then text.
  private static func productDataSerial(_ path: String) -> String? {
    guard let page = try? FileDescriptor.contents(of: path, limit: 260), page.count > 4, page[1] == 0x80 else {
      return nil
    }
    return Attribute.printable(page.dropFirst(4))
  }
}
