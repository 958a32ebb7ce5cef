extension Resource where Kind == ServerKind {
  /// Keeps a Server until it is not in use; Sidero's.
  public static var storageFinalizer: String { "storage.finalizers.server.k8s.io" }

  /// `"true"`: a Server that is deleted goes although it is in use, or anything else stands in the way. The named escape.
  public static var forceDeleteAnnotation: String { "metal.sidero.dev/force-delete" }

  /// `"true"`: a person knows that the machine is the one its quarantine doubts.
  public static var identityConfirmedAnnotation: String { "metal.sidero.dev/identity-confirmed" }

  /// Whether anything may be done to the machine at all: a person accepted it, and it is known which machine it is.
  public var isTrusted: Bool { spec.accepted && !isQuarantined }

  /// Whether it is doubted that the machine is the one the Server was made for.
  public var isQuarantined: Bool { status.conditions.isTrue(ServerCondition.quarantined) }
}

/// The types of the conditions on a Server.
public enum ServerCondition {
  /// A person accepted it; its time tells acceptances apart.
  public static let accepted = "Accepted"
  /// The agent has reported from the machine to this boot host.
  public static let discovered = "Discovered"
  /// Sidero's: False while the machine is being brought to the agent to be wiped, or has to be by hand; True once it was.
  public static let powerCycle = "PowerCycle"
  /// Sidero's: the allocated machine is installed, and boots from its disk.
  public static let pxeBooted = "PXEBooted"
  /// It is not known which machine it is.
  public static let quarantined = "Quarantined"
  /// It is not clean, and nobody has said that it may be wiped.
  public static let wipeNeeded = "WipeNeeded"
  /// Nothing is done to it, for its cluster is paused or its MetalMachine is not here.
  public static let paused = "Paused"
}

extension ObjectMeta {
  /// Cluster API's pause: while it is there (with whatever value), nothing is done to the object or to its machine.
  public static let pausedAnnotation = "cluster.x-k8s.io/paused"

  public var isPaused: Bool { annotations?[Self.pausedAnnotation] != nil }

  /// Whether the annotation is `true`.
  public func isSet(_ annotation: String) -> Bool { annotations?[annotation] == "true" }
}
