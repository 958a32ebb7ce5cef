// swift-tools-version: 6.2
import PackageDescription

// Settings of every target: Swift 6 with the upcoming features that make imports and existentials explicit,
// and no warning left standing.
let app: [SwiftSetting] = [
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),  // SE-0335
  .enableUpcomingFeature("MemberImportVisibility"),  // SE-0444
  .enableUpcomingFeature("InternalImportsByDefault"),  // SE-0409
]

// Settings of the pure modules: no unsafe memory either (SE-0458).
let pure: [SwiftSetting] = app + [.strictMemorySafety()]

// Products of other packages, named once.
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let coreMetrics = Target.Dependency.product(name: "CoreMetrics", package: "swift-metrics")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nioExtras = Target.Dependency.product(name: "NIOExtras", package: "swift-nio-extras")
let nioFileSystem = Target.Dependency.product(name: "_NIOFileSystem", package: "swift-nio")
let nioFoundation = Target.Dependency.product(name: "NIOFoundationCompat", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioHTTPTypesHTTP1 = Target.Dependency.product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let nioTLS = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
let serviceLifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

let package = Package(
  name: "siderite",
  products: [
    .executable(name: "siderite", targets: ["siderite"]),
    .executable(name: "siderite-agent", targets: ["siderite-agent"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-extras", from: "1.34.1"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: [
    // Layer 0: bytes, addresses and frames; C libraries.
    .target(name: "Wire", swiftSettings: pure),
    .target(name: "CLinux", cSettings: [.define("_GNU_SOURCE")]),
    .target(name: "CAgentInit"),
    .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CPcap", pkgConfig: "libpcap", providers: [.apt(["libpcap-dev"])]),

    // Layer 1: protocols, without I/O.
    .target(name: "DHCP", dependencies: ["Wire"], swiftSettings: pure),
    .target(name: "IPMI", dependencies: ["Wire"], swiftSettings: pure),
    .target(name: "SMBIOS", dependencies: ["Wire"], swiftSettings: pure),
    .target(name: "TFTP", dependencies: ["Wire"], swiftSettings: pure),

    // Layer 2: the domain, and the operating system (libc only).
    .target(name: "BareMetal", dependencies: ["Wire"], swiftSettings: pure),
    .target(name: "LinuxSystem", dependencies: ["CLinux", "Wire"], swiftSettings: app),

    // Layer 3: one foreign library each. AssetCache fetches what Environments are made of: an HTTP client and files, and
    // libcrypto for SHA-512, which the rest of the program has no streaming form of. It is a module of its own so that
    // who decides what is wanted (BareMetal, Reconcilers) knows neither HTTP nor the disk.
    .target(
      name: "AssetCache",
      dependencies: [
        "BareMetal", "COpenSSL", "LinuxSystem", "Wire", asyncHTTPClient, coreMetrics, logging, nioCore, nioHTTP1,
        nioPosix, nioSSL,
      ],
      swiftSettings: app),
    .target(
      name: "BMC",
      dependencies: [
        "BareMetal", "COpenSSL", "IPMI", "Wire", asyncHTTPClient, coreMetrics, logging, nioCore, nioFoundation,
        nioHTTP1, nioPosix, nioSSL,
      ],
      swiftSettings: app),
    .target(
      name: "Certificates",
      dependencies: ["BareMetal", "COpenSSL", "Wire", coreMetrics, logging, serviceLifecycle],
      swiftSettings: app),
    .target(
      name: "Kubernetes",
      dependencies: [
        "BareMetal", "Wire", asyncHTTPClient, coreMetrics, logging, nioCore, nioFoundation, nioHTTP1, nioPosix, nioSSL,
        serviceLifecycle, yams,
      ],
      swiftSettings: app),
    .target(name: "RawLink", dependencies: ["CPcap", "LinuxSystem", "Wire"], swiftSettings: app),
    .target(name: "SQLiteStore", dependencies: ["BareMetal", "Wire", grdb], swiftSettings: app),

    // Layer 4: what answers on the network.
    .target(
      name: "BootServices",
      dependencies: [
        "BareMetal", "DHCP", "LinuxSystem", "RawLink", "TFTP", "Wire", coreMetrics, logging, nioCore, nioPosix,
        serviceLifecycle,
      ],
      swiftSettings: app),
    .target(
      name: "HTTPServices",
      dependencies: [
        "BareMetal", "Wire", coreMetrics, httpTypes, hummingbird, hummingbirdCore, logging, nioCore, nioExtras,
        nioFileSystem, nioHTTP1, nioHTTPTypesHTTP1, nioPosix, nioSSL, serviceLifecycle,
      ],
      swiftSettings: app),
    .target(
      name: "Reconcilers", dependencies: ["BareMetal", "Wire", coreMetrics, logging, serviceLifecycle],
      swiftSettings: app),

    // Layer 5: the daemon with its command line, and the agent.
    .executableTarget(
      name: "siderite",
      dependencies: [
        "AssetCache", "BMC", "BareMetal", "BootServices", "Certificates", "DHCP", "HTTPServices", "Kubernetes",
        "LinuxSystem", "RawLink", "Reconcilers", "SQLiteStore", "TFTP", "Wire", argumentParser, asyncHTTPClient,
        coreMetrics, logging, nioCore,
        nioFoundation, nioHTTP1, nioPosix, serviceLifecycle, yams,
      ],
      swiftSettings: app),
    .executableTarget(
      name: "siderite-agent",
      dependencies: ["BareMetal", "CAgentInit", "DHCP", "IPMI", "LinuxSystem", "SMBIOS", "Wire"],
      swiftSettings: app),

    // A rack of BMCs in one process, for tests and measurements of what talks to them.
    .executableTarget(
      name: "bmc-simulator",
      dependencies: ["BMC", "CLinux", "IPMI", "LinuxSystem", "Wire", argumentParser],
      path: "tools/bmc-simulator", swiftSettings: app),

    // Classes of ten thousand Servers on the embedded store, for tools/bench/classes.
    .executableTarget(
      name: "class-bench",
      dependencies: ["BareMetal", "Reconcilers", "SQLiteStore", "Wire", argumentParser, logging],
      path: "tools/class-bench", swiftSettings: app),

    // Many simulated racks, for tools/soak.
    .executableTarget(
      name: "rack-soak", dependencies: ["RackSimulation", argumentParser], path: "tools/rack-soak", swiftSettings: app),

    // CustomResourceDefinitions out of the types, for tools/crds.
    .executableTarget(
      name: "crd-generator", dependencies: ["BareMetal", "Wire", argumentParser], path: "tools/crd-generator",
      swiftSettings: app),

    // Tests: one target a module; LabTests needs root, namespaces and real clients.
    .testTarget(
      name: "AgentTests", dependencies: ["BareMetal", "IPMI", "LinuxSystem", "SMBIOS", "Wire", "siderite-agent"],
      swiftSettings: app),
    .testTarget(
      name: "BMCTests",
      dependencies: [
        "BMC", "BareMetal", "IPMI", "Wire", asyncHTTPClient, coreMetrics, logging, nioCore, nioHTTP1, nioPosix,
      ],
      swiftSettings: app),
    .testTarget(
      name: "AssetCacheTests",
      dependencies: [
        "AssetCache", "BareMetal", "LinuxSystem", "Reconcilers", "SQLiteStore", "Wire", logging, nioCore, nioHTTP1,
        nioPosix,
      ],
      swiftSettings: app),
    .testTarget(name: "BareMetalTests", dependencies: ["BareMetal", "Wire"], swiftSettings: app),
    .testTarget(
      name: "BootServicesTests",
      dependencies: [
        "BareMetal", "BootServices", "DHCP", "LinuxSystem", "RawLink", "TFTP", "TFTPTesting", "Wire", coreMetrics,
        logging,
        nioCore, nioPosix, serviceLifecycle,
      ],
      swiftSettings: app),
    .testTarget(
      name: "CaptureTests",
      dependencies: ["BMC", "BareMetal", "BootServices", "DHCP", "IPMI", "RackSimulation", "TFTP", "Wire", logging],
      exclude: ["Fixtures"], swiftSettings: app),
    .testTarget(
      name: "CertificatesTests",
      dependencies: ["BareMetal", "COpenSSL", "Certificates", "Wire", logging], swiftSettings: app),
    .testTarget(name: "CRDGeneratorTests", dependencies: ["BareMetal", "Wire", "crd-generator"], swiftSettings: app),
    .testTarget(name: "DHCPTests", dependencies: ["DHCP", "Wire"], swiftSettings: app),
    .testTarget(
      name: "HTTPServicesTests",
      dependencies: [
        "BareMetal", "Certificates", "HTTPServices", "Wire", "siderite", coreMetrics, httpTypes, hummingbird,
        hummingbirdCore, logging, nioCore, nioEmbedded, nioPosix, nioSSL, nioTLS, serviceLifecycle,
      ],
      swiftSettings: app),
    .testTarget(name: "IPMITests", dependencies: ["BMC", "IPMI", "Wire"], swiftSettings: app),
    .testTarget(
      name: "KubernetesTests",
      dependencies: [
        "BareMetal", "Certificates", "Kubernetes", "Wire", asyncHTTPClient, logging, nioCore, nioHTTP1, nioPosix,
        nioSSL,
        serviceLifecycle,
      ],
      swiftSettings: app),
    .testTarget(
      name: "LabTests",
      dependencies: [
        "BMC", "BareMetal", "BootServices", "Certificates", "DHCP", "HTTPServices", "Kubernetes", "LinuxSystem",
        "RawLink", "SQLiteStore", "StoreConformance", "TFTP", "TFTPTesting", "Wire", "crd-generator", "siderite",
        logging, nioCore, serviceLifecycle,
      ],
      swiftSettings: app),
    .testTarget(
      name: "LinuxSystemTests", dependencies: ["CLinux", "LinuxSystem", "SimulationTesting", "Wire"], swiftSettings: app
    ),
    // A rack in virtual time, with the real decisions inside; for its tests, and for tools/soak.
    .target(
      name: "RackSimulation",
      dependencies: [
        "BareMetal", "BootServices", "DHCP", "SimulationTesting", "TFTP", "TFTPTesting", "Wire", logging, nioCore,
      ],
      path: "Tests/RackSimulation", swiftSettings: app),
    .testTarget(name: "RackSimulationTests", dependencies: ["RackSimulation"], swiftSettings: app),
    .testTarget(name: "RawLinkTests", dependencies: ["LinuxSystem", "RawLink", "Wire"], swiftSettings: app),
    .testTarget(
      name: "ReconcilersTests",
      dependencies: [
        "BareMetal", "Reconcilers", "SQLiteStore", "StoreConformance", "Wire", logging, serviceLifecycle,
      ],
      swiftSettings: app),
    .testTarget(name: "SMBIOSTests", dependencies: ["SMBIOS", "Wire"], swiftSettings: app),
    .testTarget(
      name: "SideriteTests",
      dependencies: ["BareMetal", "LinuxSystem", "SQLiteStore", "Wire", "siderite", argumentParser],
      swiftSettings: app),
    .testTarget(
      name: "SQLiteStoreTests", dependencies: ["BareMetal", "SQLiteStore", "StoreConformance", "Wire", grdb],
      swiftSettings: app),
    // What simulations share.
    .target(name: "SimulationTesting", path: "Tests/SimulationTesting", swiftSettings: app),
    // What every ResourceStore must do, run by the tests of each.
    .target(
      name: "StoreConformance", dependencies: ["BareMetal", "Wire"], path: "Tests/StoreConformance", swiftSettings: app),
    // What tests of TFTP share: a client that is a value, a server for the time of a test.
    .target(
      name: "TFTPTesting",
      dependencies: ["BootServices", "TFTP", "Wire", logging, nioCore, nioPosix, serviceLifecycle],
      path: "Tests/TFTPTesting", swiftSettings: app),
    .testTarget(name: "TFTPTests", dependencies: ["TFTP", "TFTPTesting", "Wire"], swiftSettings: app),
    .testTarget(name: "WireTests", dependencies: ["Wire"], swiftSettings: app),
  ],
  swiftLanguageModes: [.v6]
)
