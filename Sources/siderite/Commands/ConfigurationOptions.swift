import ArgumentParser
import FoundationEssentials
import LinuxSystem

/// `--config` and a flag for every key.
struct ConfigurationOptions: ParsableArguments {
  static let defaultFile = "/etc/siderite/siderite.yaml"
  /// Ten thousand reservations are about 1 MB.
  static let maximumFileBytes = 16 << 20

  @Option(help: "The configuration file. (default: \(ConfigurationOptions.defaultFile), if it is there)")
  var config: String?

  @Option(name: .customLong(ConfigurationKey.stateDirectory.flag), help: help(.stateDirectory))
  var stateDirectory: String?

  @Option(name: .customLong(ConfigurationKey.syncLeases.flag), help: help(.syncLeases))
  var syncLeases: String?
  @Option(name: .customLong(ConfigurationKey.adminSocket.flag), help: help(.adminSocket))
  var adminSocket: String?
  @Option(name: .customLong(ConfigurationKey.logLevel.flag), help: help(.logLevel))
  var logLevel: String?
  @Option(name: .customLong(ConfigurationKey.bootFiles.flag), help: help(.bootFiles))
  var bootFiles: String?
  @Option(name: .customLong(ConfigurationKey.apiEndpoint.flag), help: help(.apiEndpoint))
  var apiEndpoint: String?
  @Option(name: .customLong(ConfigurationKey.httpPort.flag), help: help(.httpPort))
  var httpPort: String?
  @Option(name: .customLong(ConfigurationKey.healthAddr.flag), help: help(.healthAddr))
  var healthAddr: String?
  @Option(name: .customLong(ConfigurationKey.tftpPort.flag), help: help(.tftpPort))
  var tftpPort: String?
  @Option(name: .customLong(ConfigurationKey.tftpSinglePort.flag), help: help(.tftpSinglePort))
  var tftpSinglePort: String?
  @Option(name: .customLong(ConfigurationKey.agentDirectory.flag), help: help(.agentDirectory))
  var agentDirectory: String?
  @Option(name: .customLong(ConfigurationKey.agentAfterRegistration.flag), help: help(.agentAfterRegistration))
  var agentAfterRegistration: String?
  @Option(name: .customLong(ConfigurationKey.extraAgentKernelArgs.flag), help: help(.extraAgentKernelArgs))
  var extraAgentKernelArgs: String?
  @Option(name: .customLong(ConfigurationKey.autoBmcSetup.flag), help: help(.autoBmcSetup))
  var autoBmcSetup: String?
  @Option(name: .customLong(ConfigurationKey.autoAcceptServers.flag), help: help(.autoAcceptServers))
  var autoAcceptServers: String?
  @Option(name: .customLong(ConfigurationKey.insecureWipe.flag), help: help(.insecureWipe))
  var insecureWipe: String?
  @Option(name: .customLong(ConfigurationKey.serverRebootTimeout.flag), help: help(.serverRebootTimeout))
  var serverRebootTimeout: String?
  @Option(name: .customLong(ConfigurationKey.bootFromDiskMethod.flag), help: help(.bootFromDiskMethod))
  var bootFromDiskMethod: String?
  @Option(name: .customLong(ConfigurationKey.restartInterval.flag), help: help(.restartInterval))
  var restartInterval: String?

  @Option(name: .customLong(ConfigurationKey.ipmiPxeMethod.flag), help: help(.ipmiPxeMethod))
  var ipmiPxeMethod: String?
  @Option(name: .customLong(ConfigurationKey.cacheSizeLimit.flag), help: help(.cacheSizeLimit))
  var cacheSizeLimit: String?
  @Option(name: .customLong(ConfigurationKey.assetCa.flag), help: help(.assetCa))
  var assetCa: String?
  @Option(name: .customLong(ConfigurationKey.configdataAccess.flag), help: help(.configdataAccess))
  var configdataAccess: String?
  @Option(name: .customLong(ConfigurationKey.siderolinkEndpoint.flag), help: help(.siderolinkEndpoint))
  var siderolinkEndpoint: String?
  @Option(name: .customLong(ConfigurationKey.powerPollInterval.flag), help: help(.powerPollInterval))
  var powerPollInterval: String?
  @Option(name: .customLong(ConfigurationKey.kubeconfig.flag), help: help(.kubeconfig))
  var kubeconfig: String?
  @Option(name: .customLong(ConfigurationKey.kubeContext.flag), help: help(.kubeContext))
  var kubeContext: String?
  @Option(name: .customLong(ConfigurationKey.bootHost.flag), help: help(.bootHost))
  var bootHost: String?
  @Option(name: .customLong(ConfigurationKey.webhookPort.flag), help: help(.webhookPort))
  var webhookPort: String?
  @Option(name: .customLong(ConfigurationKey.webhookCertDir.flag), help: help(.webhookCertDir))
  var webhookCertDir: String?
  @Option(name: .customLong(ConfigurationKey.webhookEndpoint.flag), help: help(.webhookEndpoint))
  var webhookEndpoint: String?
  @Option(name: .customLong(ConfigurationKey.interfaces.flag), help: help(.interfaces))
  var interfaces: String?

  private static func help(_ key: ConfigurationKey) -> ArgumentHelp { ArgumentHelp(stringLiteral: key.help) }

  private func flag(_ key: ConfigurationKey) -> String? {
    switch key {
    case .stateDirectory: stateDirectory
    case .syncLeases: syncLeases
    case .adminSocket: adminSocket
    case .logLevel: logLevel
    case .bootFiles: bootFiles
    case .apiEndpoint: apiEndpoint
    case .httpPort: httpPort
    case .healthAddr: healthAddr
    case .tftpPort: tftpPort
    case .tftpSinglePort: tftpSinglePort
    case .agentDirectory: agentDirectory
    case .agentAfterRegistration: agentAfterRegistration
    case .extraAgentKernelArgs: extraAgentKernelArgs
    case .autoBmcSetup: autoBmcSetup
    case .autoAcceptServers: autoAcceptServers
    case .insecureWipe: insecureWipe
    case .serverRebootTimeout: serverRebootTimeout
    case .bootFromDiskMethod: bootFromDiskMethod
    case .restartInterval: restartInterval
    case .ipmiPxeMethod: ipmiPxeMethod
    case .cacheSizeLimit: cacheSizeLimit
    case .assetCa: assetCa
    case .configdataAccess: configdataAccess
    case .siderolinkEndpoint: siderolinkEndpoint
    case .powerPollInterval: powerPollInterval
    case .kubeconfig: kubeconfig
    case .kubeContext: kubeContext
    case .bootHost: bootHost
    case .webhookPort: webhookPort
    case .webhookCertDir: webhookCertDir
    case .webhookEndpoint: webhookEndpoint
    case .interfaces: interfaces
    }
  }

  /// The configuration, or every problem on standard error and exit code 78 (EX_CONFIG).
  func load() throws -> Configuration {
    var flags: [ConfigurationKey: String] = [:]
    for key in ConfigurationKey.allCases { flags[key] = flag(key) }
    do {
      return try ConfigurationLoader(
        file: try readFile(), environment: ProcessInfo.processInfo.environment, flags: flags
      ).load()
    } catch let error as InvalidConfiguration {
      Terminal.error("\(error)")
      throw ExitCode.invalidConfiguration
    }
  }

  private func readFile() throws -> String? {
    let path = config ?? Self.defaultFile
    do {
      if let bytes = try FileDescriptor.contents(of: path, limit: Self.maximumFileBytes) {
        return String(decoding: bytes, as: UTF8.self)
      }
    } catch {
      throw InvalidConfiguration(problems: [ConfigurationProblem(path: "", line: nil, message: "\(error)")])
    }
    guard config == nil else {
      throw InvalidConfiguration(problems: [
        ConfigurationProblem(path: "", line: nil, message: "there is no file \(path)")
      ])
    }
    return nil
  }
}

extension ExitCode {
  /// EX_CONFIG of sysexits.h: systemd does not restart the daemon on it.
  static let invalidConfiguration = ExitCode(78)
  /// EX_UNAVAILABLE: the daemon does not answer.
  static let unavailable = ExitCode(69)
  /// EX_DATAERR: what was given is not acceptable.
  static let invalidData = ExitCode(65)
  /// EX_NOINPUT: a file that was named cannot be read.
  static let noInput = ExitCode(66)
  /// EX_TEMPFAIL: it did not come to its end in time, and goes on.
  static let underWay = ExitCode(75)
  /// As a shell says it of SIGINT.
  static let interrupted = ExitCode(130)
}
