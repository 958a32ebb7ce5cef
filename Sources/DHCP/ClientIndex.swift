import Wire

/// What is kept of clients, by their identity: those that are known by an Ethernet address, nearly all, in a dictionary with
/// keys half as long.
struct ClientIndex<Value: Sendable>: Sendable {
  private var ethernet: [MACAddress: Value] = [:]
  private var others: [ClientIdentity: Value] = [:]

  subscript(client: ClientIdentity) -> Value? {
    get { if let mac = client.ethernet { ethernet[mac] } else { others[client] } }
    set {
      if let mac = client.ethernet { ethernet[mac] = newValue } else { others[client] = newValue }
    }
  }

  /// Takes out what is kept of a client.
  mutating func removeValue(for client: ClientIdentity) -> Value? {
    if let mac = client.ethernet {
      ethernet.removeValue(forKey: mac)
    } else {
      others.removeValue(forKey: client)
    }
  }
}
