extension SecretName {
  /// The machine configuration of a Server's machine, kept under the Server's own name: `<name>-config`, ours to delete
  /// on release. What ``Allocation`` makes has names of its own (``Allocation/config(of:)``).
  public static func machineConfig(ofServer name: String) -> SecretName {
    SecretName(namespace: siderite, name: "\(name)-config")
  }

  /// Every Secret that Siderite itself keeps for a Server. Those that a person wrote elsewhere stay theirs.
  public static func all(ofServer name: String) -> [SecretName] {
    kinds.map { SecretName(namespace: siderite, name: "\(name)-\($0)") }
  }

  /// What the names of a Server's Secrets end in.
  static let kinds = ["bmc", "bmc-pending", "wipe", "boot", "config", "bootstrap"]

  /// The namespace of the Secrets that Siderite itself makes.
  static let siderite = "sidero-system"
}
