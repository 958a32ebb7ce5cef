/// The user table. IPMI v2.0 §22.26 to §22.30.
///
/// Place 1 is the null user, who cannot log in; ``Configuration/users`` are places 2 and up.
extension BMCResponder {
  static let setUserAccess = SetUserAccess.command
  static let setUserName = SetUserName.command
  static let setUserPassword = SetUserPassword.command

  /// Who has this name and may log in.
  func user(named name: [UInt8]) -> User? {
    guard !name.isEmpty else { return nil }
    return configuration.users.first {
      $0.isEnabled && $0.allowsMessaging && $0.privilege != .noAccess && Array($0.name.utf8) == name
    }
  }

  mutating func answerAboutUsers(_ message: IPMIMessage) throws -> Outcome? {
    let data = message.data.span
    switch message.command {
    case GetUserAccess.command:
      let request = try GetUserAccess(request: data)
      guard let place = place(of: request.user) else { return (.parameterOutOfRange, []) }
      let user = user(at: place)
      let enabled = configuration.users.count { $0.isEnabled && !$0.name.isEmpty }
      return (
        .success,
        request.responseData(
          GetUserAccess.Response(
            mostUsers: userLimit, enabledUsers: enabled, fixedNames: 1, isEnabled: user.isEnabled,
            isCallbackOnly: user.isCallbackOnly, allowsLinkAuthentication: user.allowsLinkAuthentication,
            allowsMessaging: user.allowsMessaging, privilege: user.privilege))
      )
    case GetUserName.command:
      let request = try GetUserName(request: data)
      guard let place = place(of: request.user) else { return (.parameterOutOfRange, []) }
      return (.success, request.responseData(user(at: place).name))
    case SetUserAccess.command:
      let request = try SetUserAccess(request: data)
      // Bit 7: the flags count, not only the privilege.
      let changesFlags = (message.data.first ?? 0) & 0x80 != 0
      return change(request.user) {
        $0.privilege = request.privilege
        guard changesFlags else { return }
        $0.isCallbackOnly = request.isCallbackOnly
        $0.allowsLinkAuthentication = request.allowsLinkAuthentication
        $0.allowsMessaging = request.allowsMessaging
      }
    case SetUserName.command:
      let request = try SetUserName(request: data)
      let name = String(decoding: request.name, as: UTF8.self)
      guard name.isEmpty || !configuration.users.contains(where: { $0.name == name }) else {
        // As several BMCs do: one name, one place.
        return self.user(at: place(of: request.user) ?? 0).name == name ? (.success, []) : (.invalidField, [])
      }
      return change(request.user) { $0.name = name }
    case SetUserPassword.command:
      let request = try SetUserPassword(request: data)
      switch request.operation {
      case .disable: return change(request.user) { $0.isEnabled = false }
      case .enable: return change(request.user) { $0.isEnabled = true }
      case .set(let password):
        return change(request.user) {
          $0.password = password.secret
          $0.isPasswordLong = password.isLong
        }
      case .test(let password):
        guard let place = place(of: request.user) else { return (.parameterOutOfRange, []) }
        let user = user(at: place)
        guard user.isPasswordLong == password.isLong else { return (SetUserPassword.lengthDiffers, []) }
        return user.password == password.secret ? (.success, []) : (SetUserPassword.passwordDiffers, [])
      }
    default: return nil
    }
  }

  private var userLimit: Int { max(1, min(configuration.userLimit, 63)) }

  /// Where a user stands in ``Configuration/users``: −1 for the null user, `nil` when there is no such place.
  private func place(of user: UInt8) -> Int? { (1...userLimit).contains(Int(user)) ? Int(user) - 2 : nil }

  private func user(at place: Int) -> User {
    configuration.users.indices.contains(place) ? configuration.users[place] : .free
  }

  /// Changes a user; the null user stays as it is.
  private mutating func change(_ number: UInt8, _ change: (inout User) -> Void) -> Outcome {
    guard let place = place(of: number) else { return (.parameterOutOfRange, []) }
    guard place >= 0 else { return (.invalidField, []) }
    while configuration.users.count <= place { configuration.users.append(.free) }
    change(&configuration.users[place])
    return (.success, [])
  }
}
