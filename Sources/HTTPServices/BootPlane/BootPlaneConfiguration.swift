public import BareMetal
public import Wire

/// How the boot plane is set up.
public struct BootPlaneConfiguration: Sendable {
  /// The addresses to listen on. Default: every address of the host.
  public var addresses: [IPAddress] = [.any]

  /// The TCP port. Default 8081, Sidero's `--http-port`; 0 takes any that is free.
  public var port: UInt16 = 8081

  /// `address:port` that machines are told to report to, when it is not the one they fetched their script from (behind
  /// NAT). Default `nil`. Sidero's `--api-endpoint` and `--api-port`.
  public var apiEndpoint: String?

  /// Arguments over the agent's kernel command line, per key. Default none. Sidero's `--extra-agent-kernel-args`.
  public var extraAgentKernelArguments: [String] = []

  /// Whether a new Server is accepted as it registers. Default `false`: nothing is ever written to a machine that nobody
  /// accepted. Sidero's `--auto-accept-servers`.
  public var autoAcceptServers = false

  /// Whether the agent sets up a user on the BMC of an accepted Server that has none. Default `true`. Sidero's
  /// `--auto-bmc-setup`.
  public var autoBMCSetup = true

  /// What the agent does when it has registered. Default: power off, so that a machine nobody has use for yet neither
  /// loops nor burns energy.
  public var afterRegistration: AgentAction = .powerOff

  /// How a machine leaves iPXE for its disk when neither its Server nor its class says. Sidero's
  /// `--boot-from-disk-method`.
  public var bootFromDiskMethod: BootFromDiskMethod = .ipxeExit

  /// Who gets a machine's configuration.
  public enum ConfigAccess: String, Hashable, Sendable, CaseIterable {
    /// The machine that was sent to its Environment, by the token in its kernel arguments.
    case token
    /// Whoever knows the machine's UUID, as in Sidero: cluster keys in the open.
    case open
  }

  /// Default: by token.
  public var configAccess: ConfigAccess = .token

  /// This boot host's name, which is noted of every machine that registers. Default `nil`: there is no other.
  public var bootHost: String?

  /// Where machines reach SideroLink. Default `nil`: there is none.
  public var sideroLink: SideroLinkEndpoint?

  public init() {}
}
