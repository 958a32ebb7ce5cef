import ArgumentParser
import BareMetal
import FoundationEssentials

extension BMCCommand {
  struct Set: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "set",
      abstract: "Set how a Server's controller is reached.",
      discussion: """
        The daemon logs in with what is given before it stores it. The password
        goes to the Secret sidero-system/<server>-bmc; the Server only names it.

        Examples:
          siderite bmc set 4c4c4544 --endpoint 10.0.0.7 --user admin
          siderite bmc set 4c4c4544 --endpoint 10.0.0.7 --user root --interface redfish
          siderite bmc set 4c4c4544 --endpoint 52:54:00:12:34:56 --interface wol
        """)

    @Argument(help: "The Server.") var server: String
    @Option(
      help: ArgumentHelp(
        "The BMC's address or name; for wol the machine's hardware address.",
        discussion: "Redfish takes a URL, too (https://…), whose certificate is then verified."))
    var endpoint: String
    @Option(help: "UDP port of IPMI, or TCP port of Redfish. (default: 623, 443)") var port: UInt16?
    @Option(help: "lanplus (IPMI 2.0), lan (IPMI 1.5), redfish or wol.") var interface: BMCInterface = .lanplus
    @Flag(inversion: .prefixedNo, help: "Log in before it is stored.") var verify = true
    @OptionGroup var credentials: CredentialOptions
    @OptionGroup var admin: AdminOptions

    func run() async throws {
      var setting = BMCSetting(endpoint: endpoint)
      setting.port = port.map { UInt32($0) }
      setting.interface = interface
      if interface != .wol, let credentials = try credentials.credentials() {
        setting.user = credentials.user
        setting.password = credentials.password
      }
      setting.unverified = verify ? nil : true
      setting.by = Operator.name
      try await admin.withClient(needsDaemon: "setting up a BMC") { [setting] client in
        let stored = try await client.send(.put, "/servers/\(pathComponent(server))/bmc", setting, as: Server.self)
        print("server/\(stored.metadata.name): \(ManagementText.line(of: stored))")
      }
    }
  }

  struct Unset: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "unset",
      abstract: "Forget how a Server's controller is reached, and its credentials.",
      discussion: """
        Example:
          siderite bmc unset 4c4c4544-0031-3510-8051-b4c04f4d3232
        """)

    @Argument(help: "The Server.") var server: String
    @OptionGroup var admin: AdminOptions

    func run() async throws {
      try await admin.withClient(needsDaemon: "setting up a BMC") { client in
        let by = pathComponent(Operator.name)
        let stored = try await client.send(
          .delete, "/servers/\(pathComponent(server))/bmc?by=\(by)", as: Server.self)
        print("server/\(stored.metadata.name): \(ManagementText.line(of: stored))")
      }
    }
  }
}

/// Text that stands for itself between the slashes of a path.
func pathComponent(_ text: String) -> String {
  text.utf8.map { byte in
    let character = Character(UnicodeScalar(byte))
    return character.isASCII && (character.isLetter || character.isNumber || "-_.".contains(character))
      ? String(character) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
  }.joined()
}

/// How a Server is managed, for people; never a password.
enum ManagementText {
  /// `lanplus at 10.0.0.7, user from Secret sidero-system/x-bmc`, or `manual: …`
  static func line(of server: Server) -> String {
    guard let bmc = server.spec.bmc else {
      return server.spec.managementApi.map { "HTTP management API at \($0.endpoint)" }
        ?? "manual: \(ManagementMethod.noController)"
    }
    let port = bmc.port.map { ", port \($0)" } ?? ""
    return "\(bmc.interface ?? BMCInterface.lanplus.rawValue) at \(bmc.endpoint)\(port)\(user(of: bmc))"
  }

  private static func user(of bmc: BMC) -> String {
    if let reference = bmc.userFrom?.secretKeyRef {
      return ", user from Secret \(reference.namespace)/\(reference.name)"
    }
    return bmc.user.map { ", user \($0)" } ?? ""
  }
}
