import BareMetal
import Wire

/// What `/etc/siderite/siderite.yaml` says. Every key's meaning and default stands in ``ConfigurationKey``.
struct Configuration: Equatable, Sendable {
  var stateDirectory = "/var/lib/siderite"
  var syncLeases = true
  var adminSocket = "/run/siderite/siderite.sock"
  var logLevel = LogLevel.info
  var bootFiles = "/usr/lib/ipxe"
  var apiEndpoint: IPv4Address?
  var httpPort: UInt16 = 8081
  var healthAddress = HealthAddress(address: .any, port: 9440)
  var tftp = TFTP()
  var agent = Agent()
  var extraAgentKernelArgs: [String] = []
  var autoBMCSetup = true
  var autoAcceptServers = false
  var insecureWipe = true
  var serverRebootTimeoutSeconds: UInt32 = 20 * 60
  var restartIntervalSeconds: UInt32 = 60
  var bootFromDiskMethod = BootFromDiskMethod.ipxeExit
  var ipmiPXEMethod = PXEMode.uefi
  var cacheSizeLimitBytes: UInt64 = 20 << 30
  /// Certificates in PEM form.
  var assetCA: String?
  var configdataAccess = ConfigdataAccess.token
  /// `nil`: no SideroLink.
  var sideroLinkEndpoint: String?
  /// `nil`: never.
  var powerPollIntervalSeconds: UInt32? = 300
  var webhook = Webhook()
  var interfaces: [Interface] = []
  /// The management cluster; `nil`: none, resources are kept here.
  var cluster: Cluster?
  /// What the cluster knows this host by; the host's own name when absent.
  var bootHost: String?

  /// How the management cluster is reached.
  struct Cluster: Equatable, Sendable {
    /// Of the kubeconfig; or the Pod's own, when the daemon runs in it.
    enum Access: Equatable, Sendable {
      case file(String)
      case inCluster
    }

    var access: Access
    /// Of the kubeconfig; its current one when absent.
    var context: String?
  }

  /// `trace` … `error`, as swift-log names them.
  enum LogLevel: String, CaseIterable, Sendable {
    case trace, debug, info, notice, warning, error
  }

  /// Who is given a machine's configuration.
  enum ConfigdataAccess: String, CaseIterable, Sendable {
    /// The machine that shows the token of its kernel arguments.
    case token
    /// Whoever knows the UUID, as Sidero has it.
    case open
  }

  /// Where health, readiness and metrics answer.
  struct HealthAddress: Equatable, Sendable {
    var address: IPv4Address
    var port: UInt16
  }

  struct TFTP: Equatable, Sendable {
    var port: UInt16 = 69
    var singlePort = false
  }

  /// What a cluster's API server asks us, over TLS.
  struct Webhook: Equatable, Sendable {
    var port: UInt16 = 9443
    /// `nil`: we make the certificates.
    var certDir: String?
    /// `nil`: the address that machines are told.
    var endpoint: String?
  }

  struct Agent: Equatable, Sendable {
    var directory = "/usr/lib/siderite/agent"
    var afterRegistration = AgentAction.powerOff
  }

  /// One network that machines boot from.
  struct Interface: Equatable, Sendable {
    /// What DHCP does on the interface. TFTP and HTTP answer in every mode.
    enum Mode: String, CaseIterable, Sendable {
      /// Boot information beside another DHCP server.
      case proxy
      /// Addresses and boot information.
      case server
      /// No DHCP.
      case off
    }

    var name: String
    var mode: Mode
    /// Which of the interface's addresses machines are told; its first when absent.
    var address: IPv4Address?
    var clients = Clients()
    var lending = Lending()
    /// Whether the link is asked before somebody new gets an address.
    var probe = true
    /// DHCP messages a second that one client may send; `nil`: any number.
    var clientRate: Int? = 10
    var relayed: [RelayedNetwork] = []
    /// `nil`: no IPv6.
    var ipv6: IPv6?
  }

  /// What is done for IPv6 on an interface. TFTP and HTTP answer in every mode.
  struct IPv6: Equatable, Sendable {
    enum Mode: String, CaseIterable, Sendable {
      /// Addresses and boot information.
      case server
      /// No DHCPv6.
      case off
    }

    var mode: Mode
    /// Which of the interface's addresses machines are told; its first that is not link-local when absent.
    var address: IPv6Address?
    var pools: [ClosedRange<IPv6Address>] = []
    var reservations: [Reservation] = []
    var leaseTimeSeconds: UInt32 = 3600
    var dns: [IPv6Address] = []
    var domain: String?
    /// Whether machines are told that there is DHCPv6, as no router does.
    var routerAdvertisements = false

    /// An address kept for one machine.
    struct Reservation: Equatable, Sendable {
      var mac: MACAddress
      var address: IPv6Address
    }
  }

  /// A network behind relay agents that forward to an interface.
  struct RelayedNetwork: Equatable, Sendable {
    var subnet: IPv4Prefix
    /// Which of this host's addresses its machines are told; the interface's when absent.
    var address: IPv4Address?
    var clients = Clients()
    var lending = Lending()
  }

  /// Who is served in a network, beside those with reservations.
  struct Clients: Equatable, Sendable {
    /// `nil`: whoever is not denied.
    var allow: [MACPrefix]?
    var deny: [MACPrefix] = []
  }

  /// What a DHCP server gives out in a network.
  struct Lending: Equatable, Sendable {
    var pools: [ClosedRange<IPv4Address>] = []
    var reservations: [Reservation] = []
    var leaseTimeSeconds: UInt32 = 3600
    var router: IPv4Address?
    var routes: [Route] = []
    var dns: [IPv4Address] = []
    var domain: String?
  }

  /// A way to another network.
  struct Route: Equatable, Sendable {
    var to: IPv4Prefix
    var via: IPv4Address
  }

  /// An address kept for one machine.
  struct Reservation: Equatable, Sendable {
    var mac: MACAddress
    var address: IPv4Address
    var hostname: String?
  }
}
