import NIOCore

extension SocketAddress {
  /// The address with no port: whose machine it is.
  var host: SocketAddress {
    var host = self
    host.port = 0
    return host
  }

  /// 0.0.0.0 or ::
  var isWildcard: Bool { ipAddress == "0.0.0.0" || ipAddress == "::" }

  /// 255.255.255.255
  var isLimitedBroadcast: Bool { ipAddress == "255.255.255.255" }
}
