import Testing
import Wire

@testable import IPMI

struct UserTests {
  /// Users of a BMC with some LAN channels.
  struct Users: Sendable {
    struct User: Sendable {
      var name: [UInt8] = []
      var password: [UInt8] = []
      var isEnabled = false
      var access: [UInt8: UInt8] = [:]
    }

    var channels: [UInt8] = [1]
    var users: [UInt8: User] = [:]
    var most: UInt8 = 10
    /// Slots without a name answer so.
    var emptyNameCode: UInt8?
    var emptyName = ""
    var storesSixteen = false
    var knowsTest = true
    var refusesLong = false
    var wantsPadding = false
    var refusedChannels: Set<UInt8> = []
    var ignoresEnable = false
    var log: [UInt16] = []

    mutating func answer(_ request: IPMIRequest) -> IPMIReply? {
      let data = request.data
      log.append(request.key)
      switch request.key {
      case 0x0642: return channels.contains(data[0]) ? .ok([data[0], 4, 1, 0x80, 0xf2, 0x1b, 0, 0, 0]) : .no(0xcc)
      case 0x0644:
        let user = users[data[1]] ?? User()
        let enabled = UInt8(users.values.count { $0.isEnabled })
        return .ok([most, (user.isEnabled ? 0x40 : 0x80) | enabled, 1, user.access[data[0]] ?? 0x0f])
      case 0x0646:
        let name = users[data[0]]?.name ?? []
        if name.isEmpty, let code = emptyNameCode { return .no(code) }
        let bytes = name.isEmpty ? Array(emptyName.utf8) : name
        return .ok(bytes + [UInt8](repeating: 0, count: 16 - bytes.count))
      case 0x0645:
        users[data[0], default: User()].name = Array(data.dropFirst().prefix { $0 != 0 })
        return .ok()
      case 0x0647:
        let number = data[0] & 0x3f
        let password = Array(data.dropFirst(2))
        switch data[1] {
        case 0, 1:
          if wantsPadding, data.count < 18 { return .no(0xc7) }
          if !ignoresEnable { users[number, default: User()].isEnabled = data[1] == 1 }
          return .ok()
        case 2:
          if refusesLong, data[0] & 0x80 != 0 { return .no(0xc7) }
          users[number, default: User()].password = storesSixteen ? Array(password.prefix(16)) : password
          return .ok()
        default:
          guard knowsTest else { return .no(0xcc) }
          let stored = users[number]?.password ?? []
          return stored.count != password.count ? .no(0x81) : stored == password ? .ok() : .no(0x80)
        }
      case 0x0643:
        if refusedChannels.contains(data[0] & 0x0f) { return .no(0xcc) }
        users[data[1], default: User()].access[data[0] & 0x0f] = data[0] & 0x70 | data[2] & 0x0f
        return .ok()
      case 0x0c02:
        switch data[1] {
        case 3: return .ok([0x11, 10, 0, 0, data[0]])
        case 4: return .ok([0x11, 2])
        case 5: return .ok([0x11, 0x52, 0x54, 0, 0, 0, data[0]])
        case 6: return .ok([0x11, 255, 255, 255, 0])
        case 12: return .ok([0x11, 10, 0, 0, 254])
        default: return .no(0x80)
        }
      default: return .no(0xc1)
      }
    }

    init(_ change: (inout Users) -> Void = { _ in }) {
      users = [1: User(), 2: User(name: Array("ADMIN".utf8), isEnabled: true, access: [1: 0x14])]
      change(&self)
    }
  }

  private func bmc(_ change: (inout Users) -> Void = { _ in }) -> ScriptedRequester<Users> {
    ScriptedRequester(Users(change)) { $0.answer($1) }
  }

  private let short = KeyMaterial(password: "0123456789abcdef")
  private let long = KeyMaterial(password: "0123456789abcdefghij")

  @Test("a new user takes the first free slot, on every LAN channel, and can log in")
  func new() async throws {
    let bmc = bmc { $0.channels = [2, 8] }
    let setup = try await bmc.setUpUser(named: "sidero", password: short)
    #expect(setup == UserSetup(identifier: 3, channels: [2, 8], isLongPassword: false, isTested: true))
    let user = try #require(await bmc.state.users[3])
    #expect(user.name == Array("sidero".utf8) && user.isEnabled && user.password.count == 16)
    // Messaging, no link authentication, administrator.
    #expect(user.access == [2: 0x14, 8: 0x14])
    let other = try #require(await bmc.state.users[2])
    #expect(other.name == Array("ADMIN".utf8) && other.password.isEmpty)
  }

  @Test("the user of that name is given the new password, wherever it is, and is not named again")
  func again() async throws {
    let bmc = bmc { $0.users[7] = Users.User(name: Array("sidero".utf8), password: [1], isEnabled: true) }
    let setup = try await bmc.setUpUser(named: "sidero", password: long)
    #expect(setup.identifier == 7 && setup.isLongPassword)
    let state = await bmc.state
    #expect(state.users[7]?.password == Array("0123456789abcdefghij".utf8))
    #expect(!state.log.contains(0x0645))
  }

  @Test("free is what has no name, Dell's name for nobody, or an error; never who is let in without a name")
  func free() async throws {
    let dell = bmc { $0.emptyName = "(Empty User)" }
    #expect(try await dell.setUpUser(named: "sidero", password: short).identifier == 3)
    let error = bmc { $0.emptyNameCode = 0xcc }
    #expect(try await error.setUpUser(named: "sidero", password: short).identifier == 3)
    let nameless = bmc { $0.users[3] = Users.User(isEnabled: true, access: [1: 0x14]) }
    #expect(try await nameless.setUpUser(named: "sidero", password: short).identifier == 4)
    let private_ = bmc { $0.emptyNameCode = 0xd4 }
    await #expect(
      throws: UserSetupFailure(
        step: .slot, cause: .refused(command: "GetUserName", .insufficientPrivilege), hasChangedPassword: false)
    ) { try await private_.setUpUser(named: "sidero", password: short) }
  }

  @Test("32 and 63 users are counted with six bits; a full table is named")
  func counts() async throws {
    let large = bmc {
      $0.most = 32
      for number in 2...31 as ClosedRange<UInt8> { $0.users[number] = Users.User(name: [65, number]) }
    }
    #expect(try await large.setUpUser(named: "sidero", password: short).identifier == 32)
    let full = bmc {
      $0.most = 4
      for number in 2...4 as ClosedRange<UInt8> { $0.users[number] = Users.User(name: [65, number]) }
    }
    await #expect(
      throws: UserSetupFailure(
        step: .slot, cause: .unusable("all 4 users of the BMC are taken"), hasChangedPassword: false)
    ) { try await full.setUpUser(named: "sidero", password: short) }
  }

  @Test("a BMC that cuts passwords is found out, and a new user stays disabled")
  func cut() async throws {
    let bmc = bmc { $0.storesSixteen = true }
    do {
      _ = try await bmc.setUpUser(named: "sidero", password: long)
      Issue.record("it was set up")
    } catch {
      #expect(error.step == .test && error.hasChangedPassword)
    }
    #expect(await bmc.state.users[3]?.isEnabled == false)
    #expect(await bmc.state.users[3]?.access.isEmpty == true)
    let refusing = self.bmc { $0.refusesLong = true }
    await #expect(
      throws: UserSetupFailure(
        step: .password, cause: .refused(command: "SetUserPassword", .requestLength), hasChangedPassword: false)
    ) { try await refusing.setUpUser(named: "sidero", password: long) }
  }

  @Test("BMCs that cannot test a password, want more bytes, or refuse one of the channels are put up with")
  func lenient() async throws {
    let bmc = bmc {
      $0.knowsTest = false
      $0.wantsPadding = true
      $0.channels = [1, 3]
      $0.refusedChannels = [3]
    }
    let setup = try await bmc.setUpUser(named: "sidero", password: short)
    #expect(setup.channels == [1] && !setup.isTested)
    #expect(await bmc.state.users[3]?.isEnabled == true)
  }

  @Test("what the BMC took and did not do is found by reading back")
  func ignored() async throws {
    let bmc = bmc { $0.ignoresEnable = true }
    await #expect(
      throws: UserSetupFailure(
        step: .check, cause: .unchanged("the BMC took it all and does not let user 3 in on channel 1"),
        hasChangedPassword: true)
    ) { try await bmc.setUpUser(named: "sidero", password: short) }
    let none = self.bmc { $0.channels = [] }
    await #expect(
      throws: UserSetupFailure(
        step: .channels, cause: .unusable("the BMC has no LAN channel"), hasChangedPassword: false)
    ) { try await none.setUpUser(named: "sidero", password: short) }
  }

  @Test("users that have a name or are enabled")
  func list() async throws {
    let users = try await bmc().readUsers(channel: 1)
    #expect(users.map(\.identifier) == [2] && users.map(\.name) == ["ADMIN"])
    #expect(users.first?.access.privilege == .administrator)
  }

  @Test("the addresses of every LAN channel; what is not told is left out")
  func addresses() async throws {
    let addresses = try await bmc { $0.channels = [1, 8] }.lanAddresses()
    #expect(addresses.map(\.channel) == [1, 8])
    #expect(addresses.last?.address == IPv4Address("10.0.0.8"))
    #expect(addresses.last?.macAddress == MACAddress("52:54:00:00:00:08"))
    #expect(addresses.first?.gateway == IPv4Address("10.0.0.254") && addresses.first?.source == .dhcp)
    #expect(addresses.first?.subnetMask == IPv4Address("255.255.255.0") && addresses.first?.port == 623)
  }
}
