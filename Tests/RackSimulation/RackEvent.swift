import Wire

/// One thing that happens to the rack.
enum RackEvent {
  /// A frame with a DHCP message reaches the boot host, or one of its frames the machines.
  case frameToHost([UInt8])
  case frameToRack([UInt8])
  /// One reaches the server beside the boot host.
  case frameToOtherServer([UInt8])
  /// A TFTP packet arrives.
  case datagramToHost(TFTPDatagram)
  case datagramToRack(TFTPDatagram)
  /// Boot files by HTTP are there, or refused.
  case answered(machine: Int, generation: Int)
  /// A machine's earliest deadline.
  case machineTimer(Int)
  /// A transfer's.
  case transferTimer(Int)
  /// The boot host has waited for answers to what it asked.
  case hostTurn(life: Int)
  /// The disk has what it was given.
  case committed(life: Int)
  /// The boot host dies; comes back.
  case crash
  case start
  /// A person, or the lifecycle, switches a machine off and on.
  case powerCycle(Int)
  /// Nothing reaches a machine, and nothing gets out of it; it is plugged in again.
  case isolate(Int)
  case rejoin(Int)
  /// One thing that an attacker does.
  case attack(Int)
  /// What is looked at now and then, not at each step.
  case inspection
}

/// A TFTP packet on its way.
struct TFTPDatagram {
  var bytes: [UInt8]
  /// The client's end.
  var client: TFTPPeer
  /// The boot host's port: 69, or that of a transfer.
  var hostPort: UInt16
}

/// A client's address and port; port 0 stands for all of its host.
struct TFTPPeer: Hashable {
  var address: IPv4Address
  var port: UInt16

  var host: TFTPPeer { TFTPPeer(address: address, port: 0) }
}
