import BareMetal
import Testing
import Wire

@testable import siderite

@Suite("Configuration")
struct ConfigurationTests {
  static let file = """
    stateDirectory: /srv/siderite
    httpPort: 8082
    healthAddr: 10.0.0.1:9441
    agent: {directory: /srv/agent, afterRegistration: wait}
    extraAgentKernelArgs: console=ttyS1 quiet
    interfaces:
      - name: eth1
        mode: server
        address: 10.0.0.1
        pools: [10.0.0.100-10.0.0.199, 10.0.0.20-10.0.0.29]
        reservations:
          - {mac: "52:54:00:00:00:01", address: 10.0.0.5, hostname: node1}
        leaseTime: 12h
        router: 10.0.0.254
        dns: [10.0.0.2, 10.0.0.3]
        domain: rack.example
        clientRate: 25
        routes:
          - {to: 10.2.0.0/16, via: 10.0.0.253}
        relayed:
          - {subnet: 10.1.0.0/24, address: 10.9.0.1, pools: [10.1.0.100-10.1.0.199], router: 10.1.0.1}
          - {subnet: 10.1.1.0/24, pools: [10.1.1.100-10.1.1.199]}
      - {name: eth2, mode: proxy}
    """

  private func problems(_ file: String, environment: [String: String] = [:]) -> [String] {
    do {
      _ = try ConfigurationLoader(file: file, environment: environment).load()
      return []
    } catch {
      return error.problems.map { "\($0.path): \($0.line ?? 0)" }
    }
  }

  @Test("an interface's IPv6 arrives, and what is wrong with it is told")
  func ipv6() throws {
    let file = """
      interfaces:
        - name: eth1
          mode: off
          ipv6:
            mode: server
            address: fd77::1
            pools: [fd77::1:0-fd77::1:ff]
            reservations: [{mac: "52:54:00:00:00:01", address: "fd77::5"}]
            leaseTime: 10m
            dns: [fd77::53]
            domain: rack.example
            routerAdvertisements: true
      """
    let interface = try #require(try ConfigurationLoader(file: file).load().interfaces.first)
    let ipv6 = try #require(interface.ipv6)
    #expect(ipv6.mode == .server && ipv6.address == IPv6Address("fd77::1") && ipv6.routerAdvertisements)
    #expect(ipv6.pools.map(\.lowerBound) == [try #require(IPv6Address("fd77::1:0"))])
    #expect(ipv6.reservations.map(\.mac) == [MACAddress(rawValue: 0x5254_0000_0001)])
    #expect(ipv6.leaseTimeSeconds == 600 && ipv6.dns.count == 1 && ipv6.domain == "rack.example")
    let network = try #require(IPv6Prefix("fd78::/64"))
    #expect(ipv6.problems(in: network).map(\.key) == ["pools", "reservations"])
    #expect(ipv6.problems(in: try #require(IPv6Prefix("fd77::/64"))).isEmpty)

    for (ipv6, path) in [
      ("{pools: [fd77::1-fd77::2]}", "mode"), ("{mode: proxy}", "mode"), ("{mode: server}", "pools"),
      ("{mode: off, leaseTime: 1h}", "leaseTime"), ("{mode: server, pools: [fd77::2-fd77::1]}", "pools[0]"),
      ("{mode: server, pools: [10.0.0.1-10.0.0.2]}", "pools[0]"),
      ("{mode: off, address: fe80::1}", "address"), ("{mode: off, pool: x}", "pool"),
      ("{mode: server, pools: [fd77::1-fd77::9, fd77::5-fd77::a]}", "pools"),
    ] {
      #expect(
        problems("interfaces: [{name: eth1, mode: off, ipv6: \(ipv6)}]") == ["interfaces[0].ipv6.\(path): 1"], "\(ipv6)"
      )
    }
  }

  @Test("Every key of the file arrives")
  func everyKey() throws {
    let configuration = try ConfigurationLoader(file: Self.file).load()
    #expect(configuration.stateDirectory == "/srv/siderite")
    #expect(configuration.httpPort == 8082)
    #expect(configuration.healthAddress.port == 9441)
    #expect(configuration.agent == .init(directory: "/srv/agent", afterRegistration: .wait))
    #expect(configuration.extraAgentKernelArgs == ["console=ttyS1", "quiet"])
    let interface = try #require(configuration.interfaces.first)
    #expect(interface.mode == .server && interface.name == "eth1" && interface.lending.leaseTimeSeconds == 43_200)
    #expect(interface.lending.pools.map(\.lowerBound.description) == ["10.0.0.100", "10.0.0.20"])
    #expect(interface.lending.reservations.first?.hostname == "node1")
    #expect(interface.lending.dns.count == 2 && interface.lending.domain == "rack.example")
    #expect(interface.lending.router?.description == "10.0.0.254")
    #expect(interface.lending.routes.map(\.to.description) == ["10.2.0.0/16"])
    #expect(interface.relayed.map(\.subnet.description) == ["10.1.0.0/24", "10.1.1.0/24"])
    #expect(interface.relayed.map(\.address?.description) == ["10.9.0.1", nil])
    #expect(interface.relayed.last?.lending.pools.count == 1)
    #expect(configuration.interfaces.last?.mode == .proxy)
    #expect(configuration.interfaces.map(\.clientRate) == [25, 10])
  }

  @Test("An empty file is the defaults", arguments: ["", "# nothing\n", "interfaces: []\n", "interfaces:\n"])
  func defaults(file: String) throws {
    #expect(try ConfigurationLoader(file: file).load() == Configuration())
  }

  @Test("A cluster is a kubeconfig's, or the one that the daemon runs in")
  func cluster() throws {
    let file = "kubeconfig: /etc/siderite/kubeconfig\nkubeContext: prod\nbootHost: boot-1"
    let configuration = try ConfigurationLoader(file: file).load()
    #expect(configuration.cluster == .init(access: .file("/etc/siderite/kubeconfig"), context: "prod"))
    #expect(configuration.bootHost == "boot-1")
    #expect(
      try ConfigurationLoader(environment: ["SIDERITE_KUBECONFIG": "in-cluster"]).load().cluster
        == .init(access: .inCluster))
    #expect(try ConfigurationLoader(file: "").load().cluster == nil)
    #expect(problems("kubeconfig: kube/config") == ["kubeconfig: 1"])
    #expect(problems("bootHost: Boot_1") == ["bootHost: 1"])
    #expect(problems("kubeContext: prod") == ["kubeContext: 1"])
    #expect(problems("kubeconfig: in-cluster\nkubeContext: prod") == ["kubeContext: 2"])
  }

  @Test("Flag beats environment beats file beats default")
  func precedence() throws {
    var loader = ConfigurationLoader(file: Self.file)
    loader.environment = ["SIDERITE_HTTP_PORT": "1001", "SIDERITE_AGENT_AFTER_REGISTRATION": "reboot"]
    loader.flags = [.httpPort: "1002"]
    let configuration = try loader.load()
    #expect(configuration.httpPort == 1002)
    #expect(configuration.agent == .init(directory: "/srv/agent", afterRegistration: .reboot))
    #expect(configuration.tftp.port == 69)
  }

  @Test("Interfaces can come from the environment")
  func interfacesFromEnvironment() throws {
    let loader = ConfigurationLoader(environment: ["SIDERITE_INTERFACES": "[{name: br0, mode: proxy}]"])
    #expect(try loader.load().interfaces == [.init(name: "br0", mode: .proxy)])
  }

  @Test("All problems are told at once, each with its key and line")
  func allAtOnce() {
    let file = """
      stateDirectory: relative
      colour: blue
      httpPort: 0
      interfaces:
        - name: eth0
          mode: server
          leaseTime: 5
        - {name: eth1, mode: proxy, router: 10.0.0.1}
        - {mode: sometimes}
      """
    #expect(
      problems(file) == [
        "colour: 2", "stateDirectory: 1", "httpPort: 3", "interfaces[0].leaseTime: 7", "interfaces[0].pools: 5",
        "interfaces[1].router: 8", "interfaces[2].name: 9", "interfaces[2].mode: 9",
      ])
  }

  @Test(
    "Wrong shapes are problems, not crashes",
    arguments: [
      "[]", "just text", "interfaces: 7", "interfaces: [7]", "interfaces: {name: eth0}", "agent: []", "tftp: 69",
      "stateDirectory: [a]", "httpPort: {}", "a: [unclosed", "interfaces: [{name: x, mode: server, pools: 1.2.3.4}]",
      "interfaces: [{name: x, mode: server, reservations: [1]}]",
    ])
  func wrongShapes(file: String) { #expect(!problems(file).isEmpty) }

  @Test("Pools that overlap, reservations and interfaces named twice")
  func duplicates() {
    let file = """
      interfaces:
        - {name: eth0, mode: server, pools: [10.0.0.10-10.0.0.20, 10.0.0.20-10.0.0.30]}
        - {name: eth0, mode: proxy}
        - name: eth3
          mode: server
          reservations:
            - {mac: "52:54:00:00:00:01", address: 10.0.0.5}
            - {mac: "52:54:00:00:00:01", address: 10.0.0.6}
      """
    #expect(
      problems(file) == ["interfaces[0].pools: 2", "interfaces[2].reservations: 7", "interfaces[1].name: 0"])
  }

  @Test("Who is served, and what nobody can mean by it")
  func clients() throws {
    let file = """
      interfaces:
        - name: eth0
          mode: server
          pools: [10.0.0.10-10.0.0.20]
          allow: []
          deny: ["52:54:00", 00-50-56-00-00-01]
          relayed:
            - {subnet: 10.1.0.0/24, pools: [10.1.0.10-10.1.0.20], allow: [any], deny: ["52:54:00:00:00:01"]}
        - {name: eth1, mode: proxy, clientRate: "off"}
      """
    let interfaces = try ConfigurationLoader(file: file).load().interfaces
    let interface = try #require(interfaces.first)
    #expect(interface.clients.allow == [] && interface.clients.deny.map(\.count) == [3, 6])
    #expect(interface.relayed.first?.clients.allow?.map(\.description) == ["any"])
    #expect(interfaces.last?.clients == .init() && interfaces.last?.clientRate == nil)
    let wrong = """
      interfaces:
        - name: eth0
          mode: server
          reservations: [{mac: "52:54:00:00:00:01", address: 10.0.0.5}]
          allow: ["52:54", "52"]
          deny: ["52:54", "52:54:00:00:00:01", "5254"]
          clientRate: 0
        - {name: eth1, mode: proxy, allow: [], clientRate: many}
        - {name: eth2, mode: "off", allow: [any], deny: ["52:54"], clientRate: 5}
        - {name: eth3, mode: proxy, deny: any}
      """
    #expect(
      problems(wrong) == [
        "interfaces[0].clientRate: 7", "interfaces[0].deny[2]: 6", "interfaces[0].deny: 6", "interfaces[0].deny: 6",
        "interfaces[1].clientRate: 8", "interfaces[1].allow: 8", "interfaces[2].allow: 9", "interfaces[2].deny: 9",
        "interfaces[2].clientRate: 9", "interfaces[3].deny: 10",
      ])
  }

  @Test("A relayed network lies apart from the others, and what it gives lies in it")
  func relayed() {
    let file = """
      interfaces:
        - name: eth0
          mode: server
          pools: [10.0.0.10-10.0.0.20]
          relayed:
            - {subnet: 10.1.0.0/24, pools: [10.2.0.10-10.2.0.20]}
            - {subnet: 10.1.0.0/16, pools: [10.1.0.10-10.1.0.20], color: red}
            - {subnet: 10.3.0.1/24, pools: [10.3.0.10-10.3.0.20]}
            - {subnet: 10.4.0.0/24}
            - {pools: [10.5.0.10-10.5.0.20]}
        - {name: eth1, mode: "off", relayed: [{subnet: 10.6.0.0/24}]}
        - {name: eth2, mode: proxy, relayed: [{subnet: 10.7.0.0/24, address: 10.0.0.1}, {subnet: 10.8.0.0/24, dns: [10.0.0.1]}]}
      """
    #expect(
      problems(file) == [
        "interfaces[0].relayed[0].pools: 6", "interfaces[0].relayed[1].color: 7",
        "interfaces[0].relayed[1].subnet: 7", "interfaces[0].relayed[2].subnet: 8",
        "interfaces[0].relayed[3].pools: 9", "interfaces[0].relayed[4].subnet: 10", "interfaces[1].relayed: 11",
        "interfaces[2].relayed[1].dns: 12",
      ])
  }

  @Test("A relayed network is given out by one interface only")
  func relayedTwice() {
    func file(_ mode: String, _ more: String) -> String {
      """
      interfaces:
        - {name: eth0, mode: \(mode)\(more), relayed: [{subnet: 10.1.0.0/16\(more)}]}
        - {name: eth1, mode: \(mode)\(more), relayed: [{subnet: 10.1.0.0/24\(more)}]}
      """
    }
    #expect(problems(file("server", ", pools: [10.1.0.10-10.1.0.20]")) == ["interfaces[1].relayed: 0"])
    // Who gives no addresses keeps no leases.
    #expect(problems(file("proxy", "")).isEmpty)
  }

  @Test("The power poll has a time, or is off")
  func powerPoll() throws {
    #expect(try ConfigurationLoader(file: "").load().powerPollIntervalSeconds == 300)
    #expect(try ConfigurationLoader(file: "powerPollInterval: 90s").load().powerPollIntervalSeconds == 90)
    #expect(try ConfigurationLoader(file: "powerPollInterval: off").load().powerPollIntervalSeconds == nil)
    #expect(problems("powerPollInterval: 5s") == ["powerPollInterval: 1"])
  }

  @Test("The life of a server has its settings, each with Sidero's default and name")
  func lifecycle() throws {
    let defaults = try ConfigurationLoader(file: "").load()
    #expect(defaults.insecureWipe && defaults.serverRebootTimeoutSeconds == 1200)
    #expect(defaults.syncLeases)
    #expect(defaults.restartIntervalSeconds == 60)
    #expect(defaults.bootFromDiskMethod == .ipxeExit && defaults.ipmiPXEMethod == .uefi)
    #expect(defaults.configdataAccess == .token && defaults.sideroLinkEndpoint == nil)
    #expect(defaults.cacheSizeLimitBytes == 21_474_836_480)
    let file = """
      syncLeases: false
      insecureWipe: false
      serverRebootTimeout: 5m
      restartInterval: 5
      bootFromDiskMethod: ipxe-sanboot
      ipmiPxeMethod: bios
      cacheSizeLimit: 500 MB
      assetCa: /etc/siderite/mirror-ca.pem
      configdataAccess: open
      siderolink: {endpoint: "10.0.0.1:51821"}
      """
    let set = try ConfigurationLoader(file: file).load()
    #expect(!set.syncLeases)
    #expect(!set.insecureWipe && set.serverRebootTimeoutSeconds == 300 && set.restartIntervalSeconds == 5)
    #expect(set.bootFromDiskMethod == .ipxeSanboot && set.ipmiPXEMethod == .bios)
    #expect(set.configdataAccess == .open && set.sideroLinkEndpoint == "10.0.0.1:51821")
    #expect(set.cacheSizeLimitBytes == 500_000_000)
    #expect(set.assetCA == "/etc/siderite/mirror-ca.pem" && defaults.assetCA == nil)
    #expect(
      problems("ipmiPxeMethod: legacy\ncacheSizeLimit: 20 elephants\nserverRebootTimeout: 1s\nsiderolink: 7")
        == ["serverRebootTimeout: 3", "ipmiPxeMethod: 1", "cacheSizeLimit: 2", "siderolink: 4"])
    #expect(ConfigurationKey.ipmiPxeMethod.flag == "ipmi-pxe-method")
    #expect(ConfigurationKey.siderolinkEndpoint.variable == "SIDERITE_SIDEROLINK_ENDPOINT")
  }

  @Test("Webhooks: Sidero's flags, and clusterctl's way to leave something out")
  func webhooks() throws {
    let unset = try ConfigurationLoader(file: "").load().webhook
    #expect(unset == Configuration.Webhook(port: 9443, certDir: nil, endpoint: nil))
    let set = try ConfigurationLoader(
      file: "webhook: {port: 1, endpoint: boot-1.example.net}",
      environment: [
        "SIDERITE_WEBHOOK_PORT": "9444", "SIDERITE_WEBHOOK_CERT_DIR": "-", "SIDERITE_API_ENDPOINT": "-",
        "SIDERITE_SIDEROLINK_ENDPOINT": "-",
      ]
    ).load()
    #expect(set.webhook == Configuration.Webhook(port: 9444, certDir: nil, endpoint: "boot-1.example.net"))
    #expect(set.apiEndpoint == nil && set.sideroLinkEndpoint == nil)
    #expect(
      problems("webhook: {port: 0, certDir: certs, endpoint: 'https://x', cert: 1}").map { $0.prefix { $0 != ":" } }
        .sorted()
        == ["webhook.cert", "webhook.certDir", "webhook.endpoint", "webhook.port"])
    #expect(ConfigurationKey.webhookCertDir.flag == "webhook-cert-dir")
  }

  @Test("Every key has a variable and a flag of its own")
  func names() {
    let keys = ConfigurationKey.allCases
    #expect(Set(keys.map(\.flag)).count == keys.count && Set(keys.map(\.variable)).count == keys.count)
    #expect(ConfigurationKey.agentAfterRegistration.variable == "SIDERITE_AGENT_AFTER_REGISTRATION")
    #expect(ConfigurationKey.agentAfterRegistration.flag == "agent-after-registration")
  }
}
