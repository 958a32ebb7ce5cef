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

let package = Package(
  name: "siderite",
  products: [
    .executable(name: "siderite", targets: ["siderite"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: [
    // Layer 0: bytes and addresses; C libraries.
    .target(name: "Wire", swiftSettings: pure),

    // Layer 2: the domain: resources, protocols, pure decisions.
    .target(name: "BareMetal", dependencies: ["Wire"], swiftSettings: pure),

    // Layer 3: one foreign library each.
    .target(
      name: "SQLiteStore", dependencies: ["BareMetal", "Wire", .product(name: "GRDB", package: "GRDB.swift")],
      swiftSettings: app),

    // Layer 5: the daemon and its command line.
    .executableTarget(
      name: "siderite",
      dependencies: [
        "BareMetal", "Wire",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdTesting", package: "hummingbird"),
        .product(name: "Yams", package: "Yams"),
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ],
      swiftSettings: app
    ),

    .testTarget(name: "WireTests", dependencies: ["Wire"], swiftSettings: app),
    .testTarget(name: "BareMetalTests", dependencies: ["BareMetal", "Wire"], swiftSettings: app),
    // What every ResourceStore must do, run by the tests of each.
    .target(
      name: "StoreConformance", dependencies: ["BareMetal", "Wire"], path: "Tests/StoreConformance", swiftSettings: app),
    .testTarget(
      name: "SQLiteStoreTests",
      dependencies: [
        "SQLiteStore", "StoreConformance", "BareMetal", "Wire", .product(name: "GRDB", package: "GRDB.swift"),
      ], swiftSettings: app),
  ],
  swiftLanguageModes: [.v6]
)
