import ArgumentParser
import BareMetal

/// BMCs named by address, spoken with from here: no daemon takes part.
struct HostOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A BMC's address instead of a Server's name; again, or with commas, for several.",
      discussion:
        "10.0.0.7, bmc7.example:6230, [2001:db8::7]:623, 10.0.0.[1-100], bmc[01-20].rack3, 127.0.0.1:[9001-9100]",
      valueName: "address"))
  var host: [String] = []
  @OptionGroup var credentials: CredentialOptions
  @Option(help: "With --host: lanplus (IPMI 2.0), lan (IPMI 1.5) or redfish. (default: lanplus)")
  var interface: BMCInterface?
  @Option(
    help: "With --host: a cipher suite to use instead of the best there is; again for more, in the order to try.")
  var cipherSuite: [UInt8] = []
  @Option(help: "With --host: a file with the BMC's key (Kg), for BMCs that have one set.")
  var kgFile: String?
  @Flag(help: "With --host: permit cipher suite 0 and IPMI 1.5 without a digest, which prove no password or show it.")
  var allowUnauthenticated = false

  /// Whether anything is said that only makes sense with ``host``.
  var isStray: Bool {
    host.isEmpty
      && (credentials.user != nil || credentials.passwordFile != nil || credentials.passwordStdin || interface != nil
        || !cipherSuite.isEmpty || kgFile != nil || allowUnauthenticated)
  }

  /// What was named, and how each is reached.
  func methods() throws -> [(target: String, method: ManagementMethod)] {
    let addresses: [HostAddress]
    do {
      addresses = try HostPattern.expand(host)
    } catch {
      throw ValidationError(error.description)
    }
    let interface = interface ?? .lanplus
    guard interface != .wol else {
      throw ValidationError("wol is for Servers: 'siderite bmc set SERVER --interface wol'")
    }
    let credentials = try credentials.credentials() ?? self.anonymous(interface)
    let key = try kgFile.map { try CredentialOptions.secret(inFile: $0) }
    return try addresses.map { address in
      var method: ManagementMethod
      do throws(BMCFailure) {
        method = try ManagementMethod.method(
          interface, endpoint: address.host, port: address.port.map { UInt32($0) }, credentials: credentials)
      } catch {
        throw ValidationError("\(address.text): \(error.message)")
      }
      if case .ipmi(var access) = method {
        access.bmcKey = key
        access.cipherSuites = cipherSuite.isEmpty ? nil : cipherSuite
        access.allowsUnauthenticated = allowUnauthenticated
        method = .ipmi(access)
      }
      return (address.text, method)
    }
  }

  private func anonymous(_ interface: BMCInterface) throws -> Credentials? {
    if interface == .redfish { return nil }
    guard allowUnauthenticated else { throw ValidationError("--user and --password-file are needed with --host") }
    return Credentials(user: "", password: Secret(""))
  }
}
