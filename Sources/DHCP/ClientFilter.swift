public import Wire

/// Who is served at all: given addresses, and booted.
///
/// Two lists of hardware addresses and of their beginnings. What matches a client longest decides, as with routes, so that
/// `deny: [52:54:00]` and `allow: [any, 52:54:00:00:00:01]` serve one machine of many virtual ones. A client that nothing
/// matches is served where there is no list of the allowed, and not served where there is one: ISC dhcpd's `deny
/// unknown-clients` is an empty one.
///
/// A machine with a reservation is always served: it is known, and named on purpose (as Kea's and ISC's host declarations are).
/// dnsmasq's `dhcp-host=…,ignore` and Kea's class `DROP` are the other list.
///
/// Who is not served is not answered at all, on whatever port it asks, be it to renew: a machine that is listed while it has an
/// address keeps it until its lease is over.
public struct ClientFilter: Hashable, Sendable {
  /// Whom we serve; `nil`: whoever is not denied.
  public var allowed: Set<MACPrefix>?
  /// Whom we do not serve.
  public var denied: Set<MACPrefix>

  /// Serves everybody.
  public static let everybody = ClientFilter()

  public init(allowed: Set<MACPrefix>? = nil, denied: Set<MACPrefix> = []) {
    self.allowed = allowed
    self.denied = denied
  }

  /// Whether a client is served that has no reservation; one without an Ethernet address is what nothing matches.
  public func admits(_ mac: MACAddress?) -> Bool {
    guard allowed != nil || !denied.isEmpty else { return true }
    guard let mac else { return allowed == nil }
    for count in stride(from: 6, through: 0, by: -1) {
      let prefix = MACPrefix(mac, count: count)
      if denied.contains(prefix) { return false }
      if allowed?.contains(prefix) ?? false { return true }
    }
    return allowed == nil
  }

  /// What stands in both lists: nobody can mean it.
  public var contradictions: [MACPrefix] {
    (allowed ?? []).intersection(denied).sorted {
      ($0.address.rawValue, $0.count) < ($1.address.rawValue, $1.count)
    }
  }
}
