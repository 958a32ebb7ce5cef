import BareMetal
import HTTPTypes

extension ServerOperator {
  /// Sets how a Server's management controller is reached, after it was: the password goes to a Secret of its own, the
  /// Server only says which.
  ///
  /// Without credentials the ones the Server has are kept.
  func set(_ setting: BMCSetting, of name: String) async throws -> Server {
    let server = try await known(name)
    let interface = setting.interface ?? .lanplus
    let credentials = try await credentials(setting, interface, server)
    let method: ManagementMethod
    do {
      method = try ManagementMethod.method(
        interface, endpoint: setting.endpoint, port: setting.port, credentials: credentials)
    } catch {
      throw Refusal(.unprocessableContent, error.message)
    }
    var seen: BMCAnswer?
    // A magic packet has no answer that could be looked at.
    if setting.unverified != true, interface != .wol {
      do {
        seen = try await controller(method).perform(.powerStatus)
      } catch {
        throw Refusal(.unprocessableContent, "nothing is stored: \(error.message)")
      }
    }
    try await store(setting, interface, credentials, name)
    journal.report(
      .changeOrdered(
        change: "managed by \(interface.rawValue) at \(PlainText.line(setting.endpoint))",
        by: AdminAPI.who(setting.by)), of: server.bootSubject)
    let time = now()
    return try await change(name, status: true) { [seen] server in
      let before = server.status
      server.status.forgetManagement()
      if let seen { _ = server.status.observe(.success(seen), at: time) }
      return server.status != before
    }
  }

  /// Forgets how a Server's management controller is reached, and the credentials.
  func unset(of name: String, by: String) async throws -> Server {
    let server = try await known(name)
    _ = try await change(name, status: false) { server in
      defer { server.spec.bmc = nil }
      return server.spec.bmc != nil
    }
    try await secrets.setSecret(.bmc(ofServer: name), to: nil)
    if server.spec.bmc != nil {
      journal.report(.changeOrdered(change: "managed by hand from now on", by: by), of: server.bootSubject)
    }
    return try await change(name, status: true) { server in
      let before = server.status
      server.status.forgetManagement()
      return server.status != before
    }
  }

  /// The Secret first: a Server never names one that is not there. When the Server cannot be written, the Secret is put
  /// back as it was.
  private func store(
    _ setting: BMCSetting, _ interface: BMCInterface, _ credentials: Credentials?, _ name: String
  ) async throws {
    let secret = SecretName.bmc(ofServer: name)
    let before = try await secrets.secret(secret)
    let values = credentials.map {
      [SecretName.userKey: Secret($0.user), SecretName.passwordKey: $0.password]
    }
    if values != before { try await secrets.setSecret(secret, to: values) }
    var bmc = BMC(endpoint: setting.endpoint, port: setting.port)
    bmc.interface = interface.rawValue
    if credentials != nil {
      bmc.userFrom = .key(SecretName.userKey, of: secret)
      bmc.passFrom = .key(SecretName.passwordKey, of: secret)
    }
    do {
      _ = try await change(name, status: false) { [bmc] server in
        defer { server.spec.bmc = bmc }
        return server.spec.bmc != bmc
      }
    } catch {
      if values != before { try? await secrets.setSecret(secret, to: before) }
      throw error
    }
  }

  private func known(_ name: String) async throws -> Server {
    guard let server = try await store.get(ServerKind.self, named: name) else {
      throw Refusal(.notFound, "servers \"\(PlainText.line(name))\" not found")
    }
    return server
  }

  private func credentials(
    _ setting: BMCSetting, _ interface: BMCInterface, _ server: Server
  ) async throws -> Credentials? {
    guard interface != .wol else { return nil }
    if let user = setting.user, let password = setting.password { return Credentials(user: user, password: password) }
    let incomplete = Refusal(.unprocessableContent, "a user and a password are needed, both of them")
    guard setting.user == nil, setting.password == nil else { throw incomplete }
    let current = try? await ManagementMethod(of: server, secrets: secrets)
    switch current {
    case .ipmi(let access): return access.credentials
    case .redfish(let access): return access.credentials
    case .managementAPI, .wakeOnLAN, .manual, nil: throw incomplete
    }
  }
}

extension CredentialSource {
  fileprivate static func key(_ key: String, of secret: SecretName) -> CredentialSource {
    CredentialSource(secretKeyRef: SecretKeyRef(namespace: secret.namespace, name: secret.name, key: key))
  }
}
