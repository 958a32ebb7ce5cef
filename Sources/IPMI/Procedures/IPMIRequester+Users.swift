/// A user of a BMC, as seen on one channel.
public struct IPMIUser: Hashable, Sendable {
  /// 1…63
  public var identifier: UInt8
  public var name: String
  public var access: GetUserAccess.Response
}

/// A user that was set up.
public struct UserSetup: Hashable, Sendable {
  public var identifier: UInt8
  /// The LAN channels that it may use.
  public var channels: [UInt8]
  /// Whether the password is stored with 20 bytes: then IPMI 1.5 sessions cannot use it.
  public var isLongPassword: Bool
  /// Whether the BMC confirmed the password; not all can.
  public var isTested: Bool
}

/// Why a user was not set up: where, and what.
public struct UserSetupFailure: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Step: String, Hashable, Sendable {
    case channels = "finding the LAN channels"
    case slot = "finding a free user"
    case name = "setting the name"
    case password = "setting the password"
    case test = "testing the password"
    case access = "giving access to the LAN channels"
    case enable = "enabling the user"
    case check = "reading the user back"
  }

  public var step: Step
  public var cause: IPMIFailure

  /// The BMC may have the new password: it was set, or may have been, before it failed.
  public var hasChangedPassword: Bool

  public var description: String { "\(step.rawValue): \(cause)" }
}

extension IPMIRequester {
  /// Every user that has a name or is enabled.
  /// - Parameter channel: 0x0E: the one in use.
  public func readUsers(channel: UInt8 = 0x0e) async throws(IPMIFailure) -> [IPMIUser] {
    let most = try await ask(GetUserAccess(channel: channel, user: 1)).mostUsers
    var users = [IPMIUser]()
    for identifier in 1...UInt8(clamping: max(1, most)) {
      guard let access = try await askOptional(GetUserAccess(channel: channel, user: identifier)) else { continue }
      let name = try await askOptional(GetUserName(user: identifier)) ?? ""
      if BMCQuirks.isFree(name: name), access.isEnabled != true { continue }
      users.append(IPMIUser(identifier: identifier, name: name, access: access))
    }
    return users
  }

  /// Makes a user with a password on every LAN channel, or gives the one of this name the new password.
  ///
  /// The slot is that of the name, or the first free one from 2 on: 1 is the null user, and whoever has a name keeps
  /// it. The user is enabled last: a failure before leaves a new one disabled. Over the network this shows the password
  /// to whoever can read the session: only for suites that encrypt.
  ///
  /// - Parameter password: more than 16 bytes are stored with 20, which a BMC may refuse.
  public func setUpUser(
    named name: String, password: KeyMaterial, privilege: PrivilegeLevel = .administrator
  ) async throws(UserSetupFailure) -> UserSetup {
    var step = UserSetupFailure.Step.channels
    var hasChangedPassword = false
    var newSlot: UInt8?
    do throws(IPMIFailure) {
      guard let stored = SetUserPassword.Password(password, isLong: password.count > 16) else {
        throw IPMIFailure.unusable("the password has \(password.count) bytes, at most 20 can be stored")
      }
      let channels = try await lanChannels()
      guard let first = channels.first else { throw IPMIFailure.unusable("the BMC has no LAN channel") }

      step = .slot
      let slot = try await slot(for: name, channel: first)
      if slot.isNew { newSlot = slot.identifier }
      let user = slot.identifier

      if slot.isNew {
        step = .name
        guard let command = SetUserName(user: user, name: name) else {
          throw IPMIFailure.unusable("the user name has more than 16 bytes")
        }
        _ = try await ask(command)
      }

      step = .password
      hasChangedPassword = true
      do throws(IPMIFailure) {
        _ = try await ask(SetUserPassword(user: user, .set(stored)))
      } catch {
        // Refused: nothing changed.
        if case .refused = error { hasChangedPassword = false }
        throw error
      }

      step = .test
      let isTested = try await test(stored, of: user)

      step = .access
      let granted = try await grant(user, privilege, on: channels)

      step = .enable
      try await change(user, to: .enable)

      step = .check
      try await check(user, name, privilege, on: granted)
      return UserSetup(
        identifier: user, channels: granted, isLongPassword: stored.isLong, isTested: isTested)
    } catch {
      // What is said about the failure matters more than whether this works.
      if let newSlot { try? await change(newSlot, to: .disable) }
      throw UserSetupFailure(step: step, cause: error, hasChangedPassword: hasChangedPassword)
    }
  }

  private func slot(
    for name: String, channel: UInt8
  ) async throws(IPMIFailure) -> (identifier: UInt8, isNew: Bool) {
    let most = try await ask(GetUserAccess(channel: channel, user: 1)).mostUsers
    guard most >= 2 else { throw .unusable("the BMC can have \(most) users") }
    var free: UInt8?
    for identifier in 2...UInt8(clamping: most) {
      let present: String
      do throws(IPMIFailure) {
        present = try await ask(GetUserName(user: identifier))
      } catch {
        // Some BMCs say so of users that do not exist; one that does not let us look is another matter.
        guard case .refused(_, let code) = error, code != .insufficientPrivilege else { throw error }
        if free == nil { free = identifier }
        continue
      }
      if present == name { return (identifier, false) }
      guard free == nil, BMCQuirks.isFree(name: present) else { continue }
      // A user without a name who is let in is somebody all the same.
      let access = try await askOptional(GetUserAccess(channel: channel, user: identifier))
      let isUsed = access.map { $0.isEnabled == true && $0.allowsMessaging && $0.privilege != .noAccess } ?? false
      if !isUsed { free = identifier }
    }
    guard let free else { throw .unusable("all \(most) users of the BMC are taken") }
    return (free, true)
  }

  /// Whether the BMC confirmed that it has stored this password; false when it cannot say.
  private func test(_ password: SetUserPassword.Password, of user: UInt8) async throws(IPMIFailure) -> Bool {
    let reply = try await patiently(IPMIRequest(SetUserPassword(user: user, .test(password))))
    switch reply.code {
    case .success: return true
    case SetUserPassword.passwordDiffers: throw .unchanged("the BMC took the password and has another")
    case SetUserPassword.lengthDiffers:
      throw .unchanged(
        "the BMC took a password of \(password.isLong ? 20 : 16) bytes and stored it with another length")
    default: return false
    }
  }

  /// The channels that let the user in: at least one.
  private func grant(
    _ user: UInt8, _ privilege: PrivilegeLevel, on channels: [UInt8]
  ) async throws(IPMIFailure) -> [UInt8] {
    var granted = [UInt8]()
    var refusal: IPMIFailure?
    for channel in channels {
      do throws(IPMIFailure) {
        _ = try await ask(SetUserAccess(channel: channel, user: user, privilege: privilege))
        granted.append(channel)
      } catch {
        guard case .refused = error else { throw error }
        refusal = error
      }
    }
    if granted.isEmpty, let refusal { throw refusal }
    return granted
  }

  private func change(_ user: UInt8, to operation: SetUserPassword.Operation) async throws(IPMIFailure) {
    do throws(IPMIFailure) {
      _ = try await ask(SetUserPassword(user: user, operation))
    } catch {
      guard case .refused(_, .requestLength) = error else { throw error }
      _ = try await ask(SetUserPassword(user: user, operation, isPadded: true))
    }
  }

  private func check(
    _ user: UInt8, _ name: String, _ privilege: PrivilegeLevel, on channels: [UInt8]
  ) async throws(IPMIFailure) {
    let present = try await ask(GetUserName(user: user))
    guard present == name else { throw .unchanged("the BMC took the name and user \(user) is called \(present)") }
    for channel in channels {
      let access = try await ask(GetUserAccess(channel: channel, user: user))
      guard access.allowsMessaging, access.privilege == privilege, access.isEnabled != false else {
        throw .unchanged("the BMC took it all and does not let user \(user) in on channel \(channel)")
      }
    }
  }
}
