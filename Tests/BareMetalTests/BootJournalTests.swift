import BareMetal
import Testing
import Wire

@Suite("The boot journal", .timeLimit(.minutes(1)))
struct BootJournalTests {
  let journal = BootJournal { Timestamp(seconds: 1_763_829_830) }
  static let mac = MACAddress(rawValue: 0x5254_0012_3456)
  static let uuid = SystemUUID(high: 1, low: 2)
  static let address = IPAddress.v4(IPv4Address(rawValue: 0x0a00_0007))

  @Test("What DHCP, TFTP, HTTP and the agent say of one machine becomes one record")
  func merging() throws {
    journal.report(.discovered(client: "UEFI x86-64 PXE"), of: BootSubject(mac: Self.mac))
    journal.report(
      .acknowledged(address: Self.address, boot: nil), of: BootSubject(mac: Self.mac, address: Self.address))
    journal.report(.transferStarted(name: "snponly.efi", bytes: 9), of: BootSubject(address: Self.address))
    journal.report(.planned(boots: "agent-amd64", reason: "new"), of: BootSubject(mac: Self.mac, uuid: Self.uuid))
    journal.report(.registered(server: "s", created: true), of: BootSubject(uuid: Self.uuid))
    let record = try #require(journal.records().first)
    #expect(journal.records().count == 1)
    #expect(record.mac == Self.mac && record.uuid == Self.uuid && record.address == Self.address)
    #expect(
      record.events.map(\.reason) == ["Discovered", "Acknowledged", "TransferStarted", "Planned", "Registered"])
    #expect(record.name == "52:54:00:12:34:56")
  }

  @Test("What first was known by its address gets its hardware address and UUID later")
  func learning() throws {
    journal.report(.transferStarted(name: "a", bytes: nil), of: BootSubject(address: Self.address))
    journal.report(.agent(message: "m"), of: BootSubject(uuid: Self.uuid, address: Self.address))
    journal.report(.discovered(client: "c"), of: BootSubject(mac: Self.mac, uuid: Self.uuid))
    let records = journal.records()
    #expect(records.count == 1 && records.first?.mac == Self.mac && records.first?.events.count == 3)
  }

  @Test("Boards with equal UUIDs stay apart by their hardware addresses")
  func equalUUIDs() {
    for number in 1...3 as ClosedRange<UInt64> {
      journal.report(.discovered(client: "c"), of: BootSubject(mac: MACAddress(rawValue: number), uuid: Self.uuid))
    }
    #expect(journal.records().compactMap(\.mac?.rawValue) == [1, 2, 3])
  }

  @Test("An address belongs to the machine that had it last")
  func movingAddress() {
    let other = MACAddress(rawValue: 7)
    journal.report(.discovered(client: "c"), of: BootSubject(mac: Self.mac, address: Self.address))
    journal.report(.discovered(client: "c"), of: BootSubject(mac: other, address: Self.address))
    journal.report(.agent(message: "m"), of: BootSubject(address: Self.address))
    let records = journal.records()
    #expect(records.map(\.mac) == [Self.mac, other])
    #expect(records.map(\.address) == [nil, Self.address])
    #expect(records.map(\.events.count) == [1, 2])
  }

  @Test("A UUID that a machine no longer has does not lead to it")
  func changedUUID() {
    let first = SystemUUID(high: 9, low: 9)
    journal.report(.discovered(client: "c"), of: BootSubject(mac: Self.mac, uuid: first))
    journal.report(.discovered(client: "c"), of: BootSubject(mac: Self.mac, uuid: Self.uuid))
    journal.report(.agent(message: "m"), of: BootSubject(uuid: first))
    #expect(journal.records().map(\.uuid) == [Self.uuid, first])
  }

  @Test("The address 0.0.0.0 is nobody's")
  func unspecifiedAddress() {
    for number in 1...2 as ClosedRange<UInt64> {
      journal.report(.discovered(client: "c"), of: BootSubject(mac: MACAddress(rawValue: number), address: .any))
    }
    #expect(journal.records().map(\.address) == [nil, nil])
  }

  @Test("A machine's events are bounded, the newest stay")
  func boundedEvents() throws {
    let count = BootJournal.Limits.eventsPerMachine + 10
    for number in 1...count { journal.report(.agent(message: "\(number)"), of: BootSubject(mac: Self.mac)) }
    let events = try #require(journal.records().first?.events)
    #expect(events.count == BootJournal.Limits.eventsPerMachine)
    #expect(events.first?.message == "11" && events.last?.message == "\(count)")
  }

  @Test("Machines are bounded, the one heard of longest ago is forgotten")
  func boundedMachines() {
    let count = UInt64(BootJournal.Limits.machines)
    for number in 1...count { report(number) }
    report(1)
    report(count + 1)
    let records = journal.records()
    #expect(records.count == BootJournal.Limits.machines)
    #expect(records.first?.mac?.rawValue == 3)
    #expect(records.suffix(2).map(\.mac?.rawValue) == [1, count + 1])
    // The forgotten one's address is free again, and so is its UUID.
    report(2)
    #expect(journal.records().last?.events.count == 1)
  }

  @Test("Followers see what happens, and no more than a number of them")
  func followers() async throws {
    var streams: [AsyncStream<BootJournal.Update>] = []
    for _ in 0..<BootJournal.Limits.followers { streams.append(try #require(journal.follow())) }
    #expect(journal.follow() == nil)
    streams.removeLast()
    #expect(journal.follow() != nil)
    journal.report(.refused(reason: "r"), of: BootSubject(mac: Self.mac))
    journal.close()
    for stream in streams {
      let updates = await stream.reduce(into: []) { $0.append($1) }
      #expect(updates.map(\.event.reason) == ["Refused"])
      #expect(updates.first?.event.isWarning == true && updates.first?.mac == Self.mac)
    }
  }

  @Test("A follower that does not read loses the oldest updates")
  func slowFollower() async throws {
    let stream = try #require(journal.follow())
    let count = BootJournal.Limits.bufferedUpdates + 5
    for number in 1...count { journal.report(.agent(message: "\(number)"), of: BootSubject(mac: Self.mac)) }
    journal.close()
    let updates = await stream.reduce(into: []) { $0.append($1) }
    #expect(updates.count == BootJournal.Limits.bufferedUpdates && updates.first?.event.message == "6")
  }

  @Test("Every occurrence has a word for programs and a line for people")
  func words() {
    let lines: [(BootOccurrence, String, String)] = [
      (.discovered(client: "UEFI x86-64 PXE"), "Discovered", "UEFI x86-64 PXE asks for the network"),
      (.offered(address: Self.address, boot: "a.efi"), "OfferSent", "offered 10.0.0.7, a.efi"),
      (.offered(address: nil, boot: "a.efi"), "OfferSent", "offered a.efi"),
      (.acknowledged(address: nil, boot: nil), "Acknowledged", "given nothing"),
      (
        .addressTaken(address: IPv4Address(rawValue: 0x0a00_0007), server: .loopback), "AddressTaken",
        "takes 10.0.0.7 from 127.0.0.1"
      ),
      (.refused(reason: "r"), "Refused", "refused: r"),
      (.transferStarted(name: "a", bytes: 9_999), "TransferStarted", "fetches a (9999 B)"),
      (.transferStarted(name: "a", bytes: nil), "TransferStarted", "fetches a"),
      (.transferProgressed(name: "a", percent: 40), "TransferProgressed", "a 40 %"),
      (
        .transferFinished(name: "a", bytes: 1_100_000, milliseconds: 12), "TransferFinished", "has a (1100 kB in 12 ms)"
      ),
      (.transferFailed(name: "a", reason: "r"), "TransferFailed", "did not get a: r"),
      (.planned(boots: "agent-amd64", reason: "r"), "Planned", "boots agent-amd64: r"),
      (.agent(message: "m"), "Agent", "m"),
      (.registered(server: "s", created: true), "Registered", "registered as new Server s"),
      (.registered(server: "s", created: false), "Registered", "refreshed Server s"),
      (.registrationRefused(reason: "r"), "RegistrationRefused", "registration refused: r"),
      (.instructed(.powerOff), "Instructed", "told to power off"),
      (.instructed(.wait), "Instructed", "told to wait"),
    ]
    for (occurrence, reason, message) in lines {
      #expect(occurrence.reason == reason && occurrence.message == message)
      #expect(occurrence.isWarning == (reason.contains("Refused") || reason.contains("Failed")))
    }
  }

  /// The runtime holds a task's lock while it cancels it, and takes it to wake the task: a journal that takes its own lock in
  /// the one and holds it in the other stops sooner or later.
  @Test("Followers come and go while much is reported", .timeLimit(.minutes(1)))
  func hurry() async throws {
    let journal = journal
    await withTaskGroup(of: Void.self) { group in
      group.addTask {
        while !Task.isCancelled {
          for number: UInt64 in 1...4 {
            journal.report(.discovered(client: "c"), of: BootSubject(mac: MACAddress(rawValue: number)))
          }
          await Task.yield()
        }
      }
      for _ in 0..<3000 {
        let follower = Task {
          guard let updates = journal.follow() else { return }
          for await _ in updates {}
        }
        for _ in 0..<Int.random(in: 0...3) { await Task.yield() }
        follower.cancel()
        await follower.value
      }
      group.cancelAll()
    }
    #expect(journal.follow() != nil)
  }

  private func report(_ number: UInt64) {
    journal.report(
      .discovered(client: "c"),
      of: BootSubject(
        mac: MACAddress(rawValue: number), uuid: SystemUUID(high: 0, low: number),
        address: .v4(IPv4Address(rawValue: UInt32(number)))))
  }
}
