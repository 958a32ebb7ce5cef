import BareMetal
import HTTPTypes
import Wire

extension BootPlane {
  /// What became of a registration.
  struct Registered: Sendable {
    var server: Server
    var isNew: Bool
    /// How the hardware differs from what was there before.
    var changes: [String]
    /// Why it is doubted which machine it is.
    var quarantine: Quarantine?
    /// That it is accepted is why it is to be wiped from now on.
    var isWipeAsked: Bool
  }

  /// Makes or refreshes the machine's Server; again when somebody else wrote in between.
  func store(_ registration: Registration, _ uuid: SystemUUID) async throws -> Registered {
    for _ in 0..<Limits.attempts {
      do {
        let (name, quarantine) = try await identify(registration, uuid)
        guard let existing = try await store.get(ServerKind.self, named: name.description) else {
          var new = registration.server(
            replacing: nil, uuid: name, reported: uuid,
            autoAccept: configuration.autoAcceptServers && quarantine == nil)
          _ = take(registration, quarantine, into: &new)
          let isWipeAsked = try await wipes?.noteAcceptance(of: &new) ?? false
          if let host = configuration.bootHost { new.metadata.setBootHost(host) }
          new.metadata.finalizers = [Server.storageFinalizer]
          return Registered(
            server: try await store.create(new), isNew: true, changes: [], quarantine: quarantine,
            isWipeAsked: isWipeAsked)
        }
        var current = existing
        // What has changed comes first: when it goes wrong after that, it is seen again, and known.
        let changes = take(registration, quarantine, into: &current)
        var fresh = registration.server(replacing: current, uuid: name, reported: uuid, autoAccept: false)
        let isWipeAsked = try await wipes?.noteAcceptance(of: &fresh) ?? false
        current.status = fresh.status
        if current.status != existing.status { current = try await store.updateStatus(current) }
        var server = registration.server(replacing: current, uuid: name, reported: uuid, autoAccept: false)
        if let host = configuration.bootHost { server.metadata.setBootHost(host) }
        server = try await store.update(server)
        return Registered(
          server: server, isNew: false, changes: changes, quarantine: quarantine, isWipeAsked: isWipeAsked)
      } catch let error as StoreError {
        switch error {
        case .conflict, .alreadyExists, .notFound: continue
        case .invalid, .unavailable: throw error
        }
      }
    }
    throw Refusal(
      .serviceUnavailable, "the Server is being changed by others: try again",
      retryAfterSeconds: Refusal.storeRetrySeconds)
  }

  /// Which Server it is. Where the UUID cannot be believed, one of the same facts whose name was derived before keeps it,
  /// though a NIC or a serial number has changed.
  private func identify(
    _ registration: Registration, _ uuid: SystemUUID
  ) async throws -> (name: SystemUUID, quarantine: Quarantine?) {
    let facts = MachineFacts(registration.hardware, bootMAC: registration.bootMAC.flatMap { MACAddress($0) })
    let stored =
      uuid.unusableReason == nil ? try await store.get(ServerKind.self, named: uuid.description) : nil
    switch MachineIdentity(uuid, facts, stored: stored) {
    case .known(let name): return (name, nil)
    case .none(let reason): throw Refusal(.unprocessableContent, reason)
    case .doubted(let derived, let quarantine):
      let same = try await store.list(ServerKind.self).items.first { server in
        server.metadata.annotations?[Server.reportedUUIDAnnotation] == uuid.description
          && facts.isSame(as: MachineFacts(server.spec.hardware))
      }
      return (same.flatMap { SystemUUID($0.metadata.name) } ?? derived, quarantine)
    }
  }

  /// - Returns: how the hardware has changed.
  private func take(_ registration: Registration, _ quarantine: Quarantine?, into server: inout Server) -> [String] {
    let time = Timestamp(seconds: now().seconds)
    server.status.addresses = registration.nodeAddresses(replacing: server.status.addresses)
    server.status.noteLoss(of: server, now: time)
    server.status.conditions.set(ServerCondition.discovered, .true, now: time)
    if let quarantine, !server.metadata.isSet(Server.identityConfirmedAnnotation) {
      server.status.conditions.set(
        ServerCondition.quarantined, .true, reason: quarantine.reason.rawValue,
        message: "\(quarantine.message). If that is right, annotate it with \(Server.identityConfirmedAnnotation)=true",
        now: time)
    }
    guard server.metadata.resourceVersion != nil, let before = server.spec.hardware else { return [] }
    return server.status.note(registration.hardware.changes(since: before), now: time)
  }

  /// What a machine that has nothing to be wiped does next.
  func nextAction(of server: Server) async throws -> AgentAction {
    guard server.isTrusted, server.status.wipe?.isOpen != true else { return configuration.afterRegistration }
    let binding = try await store.get(ServerBindingKind.self, named: server.metadata.name)
    // Allocated while its agent was at work, or booted into it by hand: its Environment waits.
    if let binding, binding.metadata.deletionTimestamp == nil { return .reboot }
    return server.status.isClean ? .powerOff : configuration.afterRegistration
  }
}
