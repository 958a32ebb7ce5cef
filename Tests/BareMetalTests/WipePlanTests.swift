import BareMetal
import Testing

@Suite("Which disks an intent means")
struct WipePlanTests {
  private func device(
    _ path: String, size: UInt64 = 100, wwid: String? = nil, serial: String? = nil, model: String? = nil,
    readOnly: Bool? = nil
  ) -> StorageDevice {
    StorageDevice(
      size: size, productName: model, serialNumber: serial, deviceName: "/dev/\(path)", wwid: wwid, readOnly: readOnly)
  }

  private func orders(_ devices: [StorageDevice], keeping kept: Set<Int> = []) -> [DiskOrder] {
    devices.enumerated().map {
      DiskOrder(disk: DiskIdentity($0.element), action: kept.contains($0.offset) ? .keep : .erase)
    }
  }

  private func refusal(_ orders: [DiskOrder], _ present: [StorageDevice]) -> String {
    do throws(WipeRefusal) {
      return "none: \(try WipePlan(orders, present: present))"
    } catch {
      return error.description
    }
  }

  @Test("Disks are found by WWID, else by serial number and model, wherever they are plugged in by now")
  func moved() throws {
    let before = [device("sda", wwid: "naa.1", serial: "S"), device("sdb", serial: "T", model: "M"), device("sdc")]
    let after = [device("sdb", wwid: "naa.1"), device("sdx", wwid: "naa.9", serial: "T", model: "M"), device("sdc")]
    let plan = try WipePlan(orders(before), present: [after[2], after[1], after[0]])
    #expect(plan.steps.map(\.index) == [2, 1, 0])
    #expect(plan.ignored.isEmpty)
  }

  @Test("A disk that is not there any more, or not the one it was, ends it with words that help")
  func missing() {
    let a = device("sda", wwid: "naa.1", model: "Acme")
    #expect(
      refusal(orders([a]), []) == "Acme naa.1 (/dev/sda) is in the intent and not there: "
        + "`siderite wipe` records a new intent, with the disks of today")
    // Another one at its place.
    #expect(
      refusal(orders([a]), [device("sda", wwid: "naa.2", model: "Acme")]).contains("is in the intent and not there"))
    #expect(
      refusal(orders([device("sda", serial: "S", model: "A")]), [device("sda", serial: "S", model: "B")])
        .contains("not there"))
    // Known by place and size alone.
    #expect(refusal(orders([device("sda")]), [device("sda", size: 99)]).contains("not there"))
    #expect(refusal(orders([device("sda")]), [device("sda", serial: "S")]).contains("not there"))
  }

  @Test("A disk that nobody named ends it, unless it cannot be written to anyway")
  func strangers() throws {
    let (a, b) = (device("sda", wwid: "naa.1"), device("sdb", wwid: "naa.2"))
    #expect(refusal(orders([a]), [a, b]).contains("naa.2 (/dev/sdb) is there and not in the intent"))
    let image = device("sdc", serial: "V", readOnly: true)
    #expect(try WipePlan(orders([a]), present: [image, a]).ignored == [0])
  }

  @Test("Two disks of one name are both erased, or it is not known which")
  func twins() throws {
    let twins = [device("sda", serial: "123", model: "Cheap"), device("sdb", serial: "123", model: "Cheap")]
    #expect(try WipePlan(orders(twins), present: twins).steps.map(\.index) == [0, 1])
    #expect(refusal(orders(twins, keeping: [1]), twins).contains("not all of them are to be erased"))
  }
}
