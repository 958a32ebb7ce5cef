import BareMetal
import Wire

/// What must hold at every step. It keeps its own books, from what is seen on the wire and on the disk.
struct RackChecker {
  /// The first thing that did not hold.
  private(set) var violation: String?

  /// Whom an address was given to by an ACK that left the host, and until when.
  private var given: [IPv4Address: (client: MACAddress, until: Nanoseconds)] = [:]
  private var givenTo: [MACAddress: IPv4Address] = [:]

  /// Who uses an address, and until when it may.
  private var used: [IPv4Address: (machine: Int, until: Nanoseconds)] = [:]
  private var uses: [Int: IPv4Address] = [:]

  /// A commit takes at most so long, and the time of a lease runs from before it.
  private static let longestCommit = 2 * second

  mutating func fail(_ what: @autoclosure () -> String) {
    if violation == nil { violation = what() }
  }

  // MARK: Leases

  /// An ACK leaves the boot host.
  mutating func acknowledged(
    _ client: MACAddress, _ address: IPv4Address, seconds: UInt32, stored: Lease?, at now: Nanoseconds
  ) {
    let until = now + Nanoseconds(seconds) * second
    guard let stored, stored.mac == client, stored.state == .bound,
      VirtualTime.nanoseconds(stored.expires) + Self.longestCommit >= until
    else {
      return fail(
        "ACK without a durable lease: \(address) for \(client), the disk has \(stored.map { "\($0.mac) until \($0.expires)" } ?? "nothing")"
      )
    }
    if let holder = given[address], holder.client != client, holder.until > now {
      fail("leased to two: \(address) to \(client) while \(holder.client) has it")
    }
    if let old = givenTo[client], old != address, given[old]?.client == client { given[old] = nil }
    given[address] = (client, VirtualTime.nanoseconds(stored.expires))
    givenTo[client] = address
  }

  /// A client gives an address back, or says that it cannot have it.
  mutating func givenBack(_ client: MACAddress, _ address: IPv4Address) {
    if given[address]?.client == client { given[address] = nil }
  }

  /// A machine uses an address from now on.
  mutating func uses(_ machine: Int, _ address: IPv4Address, until: Nanoseconds, at now: Nanoseconds) {
    if let other = used[address], other.machine != machine, other.until > now {
      fail("used by two: \(address) by machine \(machine) while machine \(other.machine) uses it")
    }
    leaves(machine)
    used[address] = (machine, until)
    uses[machine] = address
  }

  mutating func leaves(_ machine: Int) {
    guard let address = uses.removeValue(forKey: machine) else { return }
    if used[address]?.machine == machine { used[address] = nil }
  }

  /// Who may use an address, and does.
  func holder(of address: IPv4Address, at now: Nanoseconds) -> Int? {
    used[address].flatMap { $0.until > now ? $0.machine : nil }
  }

  /// Who uses an address.
  func user(of address: IPv4Address) -> Int? { used[address]?.machine }

  // MARK: Programs

  mutating func loaded(_ machine: Int, _ program: [UInt8], expecting expected: [UInt8]) {
    if program != expected {
      fail("not byte-equal: machine \(machine) has \(program.count) bytes of \(expected.count), or others")
    }
  }

  // MARK: Bounds

  mutating func holds(_ what: StaticString, _ count: Int, atMost limit: Int) {
    if count > limit { fail("memory: \(what) are \(count), more than \(limit)") }
  }
}
