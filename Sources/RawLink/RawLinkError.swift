/// Why an interface could not be read or written below the socket layer.
public enum RawLinkError: Error, Hashable, Sendable {
  case noSuchInterface(String)
  case notPermitted(String)
  case interfaceDown(String)
  /// Loopback, a tunnel: no Ethernet frames.
  case notEthernet(String)
  /// Whatever else the system or libpcap said.
  case failed(interface: String, operation: String, message: String)
}

extension RawLinkError: CustomStringConvertible {
  /// One line for people: what is wrong, and what to do.
  public var description: String {
    switch self {
    case .noSuchInterface(let name):
      "interface \(name) does not exist: 'ip -brief link' lists those that do"
    case .notPermitted(let name):
      "no permission to read frames on interface \(name): run as root, or with the capability CAP_NET_RAW"
    case .interfaceDown(let name):
      "interface \(name) is down: 'ip link set \(name) up'"
    case .notEthernet(let name):
      "interface \(name) is not Ethernet: choose the one the rack is connected to"
    case .failed(let name, let operation, let message):
      "interface \(name): \(operation): \(message)"
    }
  }
}
