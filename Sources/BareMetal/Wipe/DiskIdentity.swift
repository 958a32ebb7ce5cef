/// What a disk is known by, wherever it is plugged in: its WWID, else its serial number with its model. A disk that has
/// neither is known by its device path and size, which is all there is.
public struct DiskIdentity: Codable, Hashable, Sendable {
  /// World-wide identifier.
  public var wwid: String?
  /// The disk's serial number.
  public var serialNumber: String?
  /// The model.
  public var productName: String?
  /// `/dev/nvme0n1`
  public var deviceName: String?
  /// Bytes.
  public var size: UInt64

  public init(
    wwid: String? = nil, serialNumber: String? = nil, productName: String? = nil, deviceName: String? = nil,
    size: UInt64
  ) {
    self.wwid = wwid
    self.serialNumber = serialNumber
    self.productName = productName
    self.deviceName = deviceName
    self.size = size
  }

  public init(_ disk: StorageDevice) {
    self.init(
      wwid: disk.wwid, serialNumber: disk.serialNumber, productName: disk.productName, deviceName: disk.deviceName,
      size: disk.size ?? 0)
  }
}

extension DiskIdentity {
  /// Whether that is this disk, by the best that is known of this one: what it was known by when it was named does not
  /// get worse. Without WWID and serial number the other must have none either.
  public func matches(_ other: DiskIdentity) -> Bool {
    if let wwid { return wwid == other.wwid }
    if let serialNumber { return serialNumber == other.serialNumber && productName == other.productName }
    return deviceName != nil && deviceName == other.deviceName && size == other.size && other.wwid == nil
      && other.serialNumber == nil
  }
}

extension DiskIdentity: CustomStringConvertible {
  /// `Samsung SSD 970 S4EVNX0M123456 (/dev/nvme0n1)`
  public var description: String {
    let name = [productName, serialNumber ?? wwid].compactMap(\.self).joined(separator: " ")
    guard let deviceName else { return name.isEmpty ? "a disk without a name" : name }
    return name.isEmpty ? deviceName : "\(name) (\(deviceName))"
  }
}
