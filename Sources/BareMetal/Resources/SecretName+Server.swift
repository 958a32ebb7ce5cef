extension SecretName {
  /// The machine configuration of a Server that a person allocated: `<name>-config`, ours to delete on release.
  public static func machineConfig(ofServer name: String) -> SecretName {
    SecretName(namespace: "sidero-system", name: "\(name)-config")
  }

  /// Every Secret that Siderite itself keeps for a Server. Those that a person wrote elsewhere stay theirs.
  public static func all(ofServer name: String) -> [SecretName] {
    ["bmc", "bmc-pending", "wipe", "boot", "config", "bootstrap"].map {
      SecretName(namespace: "sidero-system", name: "\(name)-\($0)")
    }
  }
}
