/// The inventory of one field-replaceable unit.
public struct FRUDevice: Hashable, Sendable {
  /// 0 is the machine itself.
  public var number: UInt8
  /// As the SDR repository calls it; empty for the machine.
  public var name: String
  public var inventory: FRUInventory
}

extension IPMIRequester {
  /// The machine's inventory, and that of the devices that the SDR repository says the BMC keeps. Devices that are not
  /// there, or whose inventory is not in the specification's form, are left out; the machine's has to be right.
  public func readInventory() async throws(IPMIFailure) -> [FRUDevice] {
    var devices = [FRUDevice]()
    var failure: IPMIFailure?
    do throws(IPMIFailure) {
      devices.append(FRUDevice(number: 0, name: "", inventory: try await inventory(of: 0, lun: 0)))
    } catch {
      switch error {
      case .refused, .malformed, .unusable: failure = error
      default: throw error
      }
    }
    for locator in try await fruLocators() {
      do throws(IPMIFailure) {
        let inventory = try await inventory(of: locator.device, lun: locator.lun)
        devices.append(FRUDevice(number: locator.device, name: locator.name, inventory: inventory))
      } catch {
        switch error {
        case .refused, .malformed, .unusable: continue
        default: throw error
        }
      }
    }
    if devices.isEmpty, let failure { throw failure }
    return devices
  }

  private func fruLocators() async throws(IPMIFailure) -> [FRULocator] {
    let records: [[UInt8]]
    do throws(IPMIFailure) {
      records = try await readRecords()
    } catch {
      switch error {
      case .refused, .unusable, .malformed: return []
      default: throw error
      }
    }
    var seen: Set<UInt8> = [0]
    return records.compactMap { FRULocator(record: $0) }.filter { $0.isKeptByBMC && seen.insert($0.device).inserted }
  }

  /// Reads the header, then where each area ends, then all up to the last: the rest of a device, which may say it has
  /// 64 KiB, is of no interest. Areas end within 4,080 bytes by their form.
  private func inventory(of device: UInt8, lun: UInt8) async throws(IPMIFailure) -> FRUInventory {
    let information = try await ask(GetFRUInventoryInfo(device: device, lun: lun))
    var reader = FRUReader(device: device, lun: lun, information: information)
    try await read(8, &reader)
    var end = 8
    for start in reader.areas {
      guard start + 2 <= information.size else {
        throw .unusable("FRU \(device) has \(information.size) bytes and an area at \(start)")
      }
      try await read(start + 2, &reader)
      end = max(end, start + Int(reader.bytes[start + 1]) * 8)
    }
    guard end <= information.size else {
      throw .unusable("FRU \(device) has \(information.size) bytes and an area that ends at \(end)")
    }
    try await read(end, &reader)
    do {
      return try FRUInventory(parsing: reader.bytes.span)
    } catch {
      throw .malformed(command: "ReadFRUInventory", error)
    }
  }

  /// Reads on until there are at least `end` bytes.
  private func read(_ end: Int, _ reader: inout FRUReader) async throws(IPMIFailure) {
    var busy = 0
    while reader.bytes.count < end {
      do throws(IPMIFailure) {
        let part = try await ask(reader.next)
        guard !part.isEmpty else {
          throw IPMIFailure.unusable("FRU \(reader.device) ends after \(reader.bytes.count) bytes")
        }
        reader.bytes += part
      } catch {
        guard case .refused(_, let code) = error else { throw error }
        if code == ReadFRUInventory.busy, busy < 10 {
          busy += 1
          try await pause(for: .milliseconds(100))
        } else if BMCQuirks.isRefusalOfSize(code), reader.size > 4 {
          reader.size /= 2
        } else {
          throw error
        }
      }
    }
  }
}

/// How far a FRU device is read.
private struct FRUReader {
  let device: UInt8
  let lun: UInt8
  let information: GetFRUInventoryInfo.Response
  var bytes: [UInt8] = []
  /// Bytes of one part: what fits every transport, until the BMC says it is too many.
  var size = 32

  init(device: UInt8, lun: UInt8, information: GetFRUInventoryInfo.Response) {
    self.device = device
    self.lun = lun
    self.information = information
  }

  /// The part behind what is read. The last word of a device accessed by words may be half outside: asked for whole.
  var next: ReadFRUInventory {
    let left = max(1, min(size, information.size - bytes.count))
    guard information.isAccessedByWords else {
      return ReadFRUInventory(
        device: device, lun: lun, offset: UInt16(clamping: bytes.count), count: UInt8(clamping: left))
    }
    return ReadFRUInventory(
      device: device, lun: lun, offset: UInt16(clamping: bytes.count / 2), count: UInt8(clamping: (left + 1) / 2),
      isByWords: true)
  }

  /// Where chassis, board and product areas begin, in order.
  var areas: [Int] {
    guard bytes.count >= 8 else { return [] }
    return bytes[2...4].filter { $0 != 0 }.map { Int($0) * 8 }.sorted()
  }
}

/// A sensor data record that says where a FRU's inventory is. IPMI v2.0 §43.8, type 11h.
struct FRULocator: Hashable, Sendable {
  var device: UInt8
  var lun: UInt8
  var name: String

  /// The BMC answers for it by FRU commands: a logical device on its own bus.
  var isKeptByBMC: Bool

  /// `nil`: another record, or not a whole one.
  init?(record: [UInt8]) {
    let bytes = record.span
    guard bytes.count > 15, bytes[3] == 0x11 else { return nil }
    device = bytes[6]
    lun = bytes[7] >> 3 & 0x03
    isKeptByBMC = bytes[5] == IPMIMessage.bmcAddress && bytes[7] & 0x80 != 0 && bytes[8] >> 4 == 0 && device != 0xff
    var offset = 15
    name = (try? TypedText.name(in: bytes, at: &offset)) ?? ""
  }
}
