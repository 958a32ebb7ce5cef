extension SecretName {
  /// Where the token of a Server's open wipe is kept: `<name>-wipe`, keys `id` and `token`.
  public static func wipe(ofServer name: String) -> SecretName {
    SecretName(namespace: "sidero-system", name: "\(name)-wipe")
  }
}
