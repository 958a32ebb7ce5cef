import Wire

/// How a BMC is spoken with: `spec.bmc.interface`, by ipmitool's names and Sidero's default.
public enum BMCInterface: String, Codable, Hashable, Sendable, CaseIterable {
  /// IPMI 2.0, or 1.5 where a BMC has nothing better.
  case lanplus
  /// IPMI 1.5.
  case lan
  /// The endpoint is an address, or a base URL.
  case redfish
  /// Wake-on-LAN: the endpoint is the machine's hardware address.
  case wol
}

extension ManagementMethod {
  /// How this Server is switched, with its credentials.
  ///
  /// Whatever is missing is a failure that names it: never a method that does nothing.
  /// - Throws: ``BMCFailure/Kind/misconfigured``; ``BMCFailure/Kind/busy`` when the Secrets cannot be read now.
  public init(of server: Server, secrets: any SecretStore) async throws(BMCFailure) {
    guard let bmc = server.spec.bmc else {
      if let api = server.spec.managementApi, !api.endpoint.isEmpty {
        self = .managementAPI(api.endpoint)
      } else {
        self = .manual(reason: Self.noController)
      }
      return
    }
    let interface = try bmc.knownInterface()
    guard interface != .wol else {
      self = try Self.method(interface, endpoint: bmc.endpoint, port: bmc.port, credentials: nil)
      return
    }
    let user = try await Self.credential("user", bmc.userFrom, bmc.user, of: server, secrets)
    let password = try await Self.credential("pass", bmc.passFrom, bmc.pass, of: server, secrets)
    self = try Self.method(
      interface, endpoint: bmc.endpoint, port: bmc.port,
      credentials: Credentials(user: user.exposedText, password: password))
  }

  /// The method for a BMC named on its own: nothing is looked up.
  ///
  /// A Redfish endpoint without `https://` is a BMC as it comes from the factory, whose certificate nobody vouches for;
  /// one with it has a certificate that is verified.
  /// - Throws: ``BMCFailure/Kind/misconfigured``
  public static func method(
    _ interface: BMCInterface, endpoint: String, port: UInt32?, credentials: Credentials?
  ) throws(BMCFailure) -> ManagementMethod {
    guard !endpoint.isEmpty else { throw BMCFailure(.misconfigured, "the BMC's endpoint is empty") }
    let number = try port.map { port throws(BMCFailure) in
      guard let number = UInt16(exactly: port), number > 0 else {
        throw BMCFailure(.misconfigured, "the BMC's port is not from 1 to 65535")
      }
      return number
    }
    switch interface {
    case .wol:
      guard let mac = MACAddress(endpoint) else {
        throw BMCFailure(
          .misconfigured, "with interface wol the endpoint is the machine's hardware address, not \(plain(endpoint))")
      }
      return .wakeOnLAN(mac, broadcast: nil)
    case .lanplus, .lan:
      guard let credentials else { throw BMCFailure(.misconfigured, "IPMI needs a user and a password") }
      var access = IPMIAccess(host: endpoint, port: number ?? 623, credentials: credentials)
      access.version = interface == .lan ? .version15 : .detected
      return .ipmi(access)
    case .redfish:
      var access = RedfishAccess(baseURL: endpoint, credentials: credentials)
      if !endpoint.hasPrefix("http://"), !endpoint.hasPrefix("https://") {
        let host = endpoint.contains(":") && !endpoint.hasPrefix("[") ? "[\(endpoint)]" : endpoint
        // 623 is what the field defaults to in a cluster; nobody serves Redfish there.
        access.baseURL = "https://\(host)\(number.map { $0 == 623 ? "" : ":\($0)" } ?? "")"
        access.allowsUnknownCertificate = true
      }
      return .redfish(access)
    }
  }

  /// What people read of a Server that nobody told us how to switch.
  public static let noController = "no BMC is configured: see 'siderite bmc set --help'"

  private static func credential(
    _ field: String, _ source: CredentialSource?, _ text: String?, of server: Server, _ secrets: any SecretStore
  ) async throws(BMCFailure) -> Secret {
    guard let reference = source?.secretKeyRef else {
      if let text { return Secret(text) }
      throw BMCFailure(
        .misconfigured,
        "Server \(server.metadata.name) has neither spec.bmc.\(field) nor spec.bmc.\(field)From: set them with "
          + "'siderite bmc set'")
    }
    let place = "Secret \(reference.namespace)/\(reference.name)"
    let values: [String: Secret]?
    do {
      values = try await secrets.secret(SecretName(namespace: reference.namespace, name: reference.name))
    } catch {
      throw BMCFailure(.busy, "\(place) of Server \(server.metadata.name) cannot be read: \(error)")
    }
    guard let values else {
      throw BMCFailure(
        .misconfigured,
        "\(place), where Server \(server.metadata.name) has its BMC's \(field) from, is not there: "
          + "'siderite bmc set' makes it")
    }
    guard let value = values[reference.key] else {
      throw BMCFailure(
        .misconfigured,
        "\(place) has no key '\(reference.key)', where Server \(server.metadata.name) has its BMC's \(field) from")
    }
    return value
  }
}

extension BMC {
  /// The interface by its name; ``BMCInterface/lanplus`` when none is given.
  public func knownInterface() throws(BMCFailure) -> BMCInterface {
    guard let interface, !interface.isEmpty else { return .lanplus }
    guard let known = BMCInterface(rawValue: interface) else {
      throw BMCFailure(
        .misconfigured,
        "spec.bmc.interface is \(ManagementMethod.plain(interface)); known are "
          + BMCInterface.allCases.map(\.rawValue).joined(separator: ", "))
    }
    return known
  }
}

extension ManagementMethod {
  fileprivate static func plain(_ text: String) -> String { "'\(PlainText.line(text.prefix(60)))'" }
}
