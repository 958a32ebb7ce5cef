import BareMetal
import DHCP
import SimulationTesting
import Wire

// Stations of the segment that have an address which nobody gave them, and answer for it as every station does.
extension RackRun {
  /// The hardware address of who sits on an address.
  static func squatter(on address: IPv4Address) -> MACAddress {
    MACAddress(rawValue: 0x02dd << 32 | UInt64(address.rawValue))
  }

  /// The boot host asks who has an address: squatters say so, and machines that use one. An answer is there within a
  /// millisecond; the segment loses none, for who is not heard cannot be known of.
  func answer(_ question: ARPFrame) {
    let address = question.targetAddress
    note("host asks for \(address)")
    outcome.probes += 1
    guard question.senderAddress.isUnspecified, question.destinationMAC == .broadcast else {
      return checker.fail("\(address) is asked for in a way that gets into others' tables")
    }
    let holder =
      squatted.contains(address)
      ? Self.squatter(on: address) : checker.holder(of: address, at: time.now).map { RackMachine.mac($0) }
    guard let holder, scenario.fault != .unheardStations else { return }
    var bytes: [UInt8] = []
    ARPFrame(
      destinationMAC: question.senderMAC, sourceMAC: holder, operation: ARPFrame.reply, senderMAC: holder,
      senderAddress: address, targetMAC: question.senderMAC, targetAddress: .any
    ).serialize(into: &bytes)
    add(.frameToHost(bytes), at: time.now + Nanoseconds(100 + random.below(900)) * microsecond)
  }

  /// Nobody new is given an address that a living station answers for. Who had it before may be: its lease is its own, and it
  /// looks itself; and thieves ask for what they were never offered.
  func checkSquatters(_ address: IPv4Address, givenTo mac: MACAddress) {
    guard scenario.isProbing, !scenario.isKnown, mac.rawValue >> 32 != 0x02bb, squatted.contains(address) else {
      return
    }
    checker.fail("\(address) is given to \(mac), while \(Self.squatter(on: address)) answers for it")
  }
}
