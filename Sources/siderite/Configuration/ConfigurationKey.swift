/// Every key of the configuration file that also is an environment variable and a flag.
///
/// The value of a variable or flag is read as the file's would be, so lists are YAML's flow form:
/// `--interfaces '[{name: eth1, mode: proxy}]'`.
enum ConfigurationKey: String, CaseIterable, Sendable {
  case stateDirectory
  case syncLeases
  case adminSocket
  case logLevel
  case bootFiles
  case apiEndpoint
  case httpPort
  case healthAddr
  case tftpPort = "tftp.port"
  case tftpSinglePort = "tftp.singlePort"
  case agentDirectory = "agent.directory"
  case agentAfterRegistration = "agent.afterRegistration"
  case extraAgentKernelArgs
  case autoBmcSetup
  case autoAcceptServers
  case insecureWipe
  case serverRebootTimeout
  case restartInterval
  case bootFromDiskMethod
  case ipmiPxeMethod
  case cacheSizeLimit
  case assetCa
  case configdataAccess
  case siderolinkEndpoint = "siderolink.endpoint"
  case powerPollInterval
  case kubeconfig
  case kubeContext
  case bootHost
  case webhookPort = "webhook.port"
  case webhookCertDir = "webhook.certDir"
  case webhookEndpoint = "webhook.endpoint"
  case interfaces

  /// Whether a variable or flag that is `-` is as good as none: clusterctl knows no empty defaults.
  var mayBeDash: Bool {
    switch self {
    case .apiEndpoint, .siderolinkEndpoint, .webhookCertDir, .webhookEndpoint: true
    default: false
    }
  }

  /// The way to the value: `agent.directory` is `directory` inside `agent`.
  var path: [String] { rawValue.split(separator: ".").map { String($0) } }

  private var words: [String] {
    var words: [String] = []
    for character in rawValue {
      if character == "." {
        words.append("")
      } else if character.isUppercase || words.isEmpty {
        words.append(character.lowercased())
      } else {
        words[words.count - 1].append(character)
      }
    }
    return words.filter { !$0.isEmpty }
  }

  /// `SIDERITE_STATE_DIRECTORY`
  var variable: String { "SIDERITE_" + words.joined(separator: "_").uppercased() }

  /// `state-directory`
  var flag: String { words.joined(separator: "-") }

  /// One line for people: what it sets, and the default.
  var help: String {
    switch self {
    case .stateDirectory: "Where leases and resources are kept. (default: /var/lib/siderite)"
    case .syncLeases:
      "Have a lease on the disk before its client is told; false: a power cut may undo it. (default: true)"
    case .adminSocket: "The Unix socket of the command line. (default: /run/siderite/siderite.sock)"
    case .logLevel: "trace, debug, info, notice, warning or error. (default: info)"
    case .bootFiles: "The directory of undionly.kpxe, snponly.efi, …. (default: /usr/lib/ipxe)"
    case .apiEndpoint: "The address machines are told to use. (default: the interface's)"
    case .httpPort: "TCP port of the boot plane. (default: 8081)"
    case .healthAddr: "Where /healthz, /readyz and /metrics answer. (default: :9440)"
    case .tftpPort: "UDP port of TFTP. (default: 69)"
    case .tftpSinglePort: "Send all transfers from the TFTP port, for firewalls. (default: false)"
    case .agentDirectory: "Where amd64/vmlinuz and amd64/initramfs.xz are. (default: /usr/lib/siderite/agent)"
    case .agentAfterRegistration: "What a registered machine does: poweroff, reboot or wait. (default: poweroff)"
    case .extraAgentKernelArgs: "Kernel arguments that replace or follow the agent's. (default: none)"
    case .autoBmcSetup: "Set up a user on the BMCs of accepted machines that have none. (default: true)"
    case .autoAcceptServers: "Accept new machines without a person. (default: false)"
    case .insecureWipe: "Wipe fast: discard, and overwrite both ends of every disk; false: every byte. (default: true)"
    case .serverRebootTimeout: "How long a machine may take to boot the agent, or be silent, in a wipe. (default: 20m)"
    case .bootFromDiskMethod: "How machines leave iPXE: ipxe-exit, http-404 or ipxe-sanboot. (default: ipxe-exit)"
    case .restartInterval: "The least time between two starts of a machine, whatever for. (default: 60s)"
    case .ipmiPxeMethod: "What machines are told to boot the network by: uefi or bios. (default: uefi)"
    case .cacheSizeLimit: "The most that fetched kernels and initramfses take on the disk. (default: 20GiB)"
    case .assetCa: "Certificates (PEM) of who else may vouch for HTTPS servers of kernels. (default: none)"
    case .configdataAccess: "Who gets a machine's configuration: token or open. (default: token)"
    case .siderolinkEndpoint: "Host and port that machines reach SideroLink at. (default: none, no SideroLink)"
    case .powerPollInterval: "How often every Server's power is asked for: 60s to 365d, or off. (default: 5m)"
    case .kubeconfig: "The cluster that resources are kept in: a kubeconfig, or in-cluster. (default: none, kept here)"
    case .kubeContext: "The kubeconfig's context. (default: its current one)"
    case .bootHost: "What the cluster knows this host by. (default: the host's name)"
    case .webhookPort: "TCP port that the cluster's API server asks about our kinds at. (default: 9443)"
    case .webhookCertDir: "Where tls.crt, tls.key and ca.crt of the webhooks are. (default: none, we make them)"
    case .webhookEndpoint:
      "Address or name that the API server reaches this host by. (default: apiEndpoint, else an interface's)"
    case .interfaces: "The networks to serve. (default: none)"
    }
  }
}
