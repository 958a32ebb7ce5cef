import BareMetal

/// What an IPMI login depends on.
struct IPMILogin: Hashable, Sendable {
  var credentials: Credentials
  var bmcKey: Secret?

  init(_ access: IPMIAccess) {
    credentials = access.credentials
    bmcKey = access.bmcKey
  }
}
