extension SecretName {
  /// Where the credentials of a Server's BMC are kept: `<name>-bmc`, keys ``userKey`` and ``passwordKey``.
  ///
  /// Sidero's code uses the namespace `default` although its documentation says `sidero-system`; here they are where the
  /// documentation says, apart from other people's Secrets. References in a Server are followed wherever they lead.
  public static func bmc(ofServer name: String) -> SecretName {
    SecretName(namespace: "sidero-system", name: "\(name)-bmc")
  }

  public static let userKey = "user"
  public static let passwordKey = "pass"
}
