extension SecretName {
  /// Kept on this boot host only, never in the cluster: tokens that it has given out, a password that is not verified, and
  /// copies of machine configurations.
  public var isOfThisHost: Bool {
    namespace == "sidero-system"
      && ["-boot", "-wipe", "-bmc-pending", "-config", "-bootstrap"].contains { name.hasSuffix($0) }
  }

  /// Credentials of a BMC that Siderite itself has set up: kept when the cluster cannot be reached, and told to it later.
  public var mayWait: Bool { namespace == "sidero-system" && name.hasSuffix("-bmc") }
}
