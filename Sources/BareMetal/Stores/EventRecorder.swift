/// Where is told what happens to objects, for the people who look at them: `kubectl describe`.
public protocol EventRecorder: Sendable {
  /// Takes note of it. Never waits and never fails: what cannot be told is dropped and counted.
  func record(_ event: ObjectEvent)
}

/// Nobody listens: the boot journal and the log say the same.
public struct NoEventRecorder: EventRecorder {
  public init() {}

  public func record(_ event: ObjectEvent) {}
}

/// Something that happened to an object (Kubernetes `Event`, core/v1).
public struct ObjectEvent: Hashable, Sendable {
  /// `Normal` or `Warning`.
  public enum Severity: String, Hashable, Sendable {
    case normal = "Normal"
    case warning = "Warning"
  }

  /// Whose: enough to find it again, and to tell it from a later one of the same name.
  public struct Subject: Hashable, Sendable {
    public var apiVersion: String
    public var kind: String
    public var namespace: String?
    public var name: String
    public var uid: String?

    public init(apiVersion: String, kind: String, namespace: String? = nil, name: String, uid: String? = nil) {
      self.apiVersion = apiVersion
      self.kind = kind
      self.namespace = namespace
      self.name = name
      self.uid = uid
    }
  }

  public var severity: Severity
  /// What sort of thing, in few words: `Server Registration`.
  public var reason: String
  /// One sentence. The same words for the same thing: repetitions are counted by them.
  public var message: String
  /// The part of the program that tells: `sidero-server`.
  public var component: String
  public var subject: Subject

  public init(_ severity: Severity, reason: String, message: String, component: String, subject: Subject) {
    self.severity = severity
    self.reason = reason
    self.message = message
    self.component = component
    self.subject = subject
  }
}

extension ObjectEvent {
  /// The parts that Sidero's Events come from.
  public enum Component {
    public static let server = "sidero-server"
    public static let serverController = "sidero-controller-manager"
    public static let provider = "caps-controller-manager"
  }

  /// What Sidero's Events are called, spaces and all: people look for them by these words.
  public enum Reason {
    public static let serverRegistration = "Server Registration"
    public static let serverWipe = "Server Wipe"
    public static let bmcUpdate = "BMC Update"
    public static let serverManagement = "Server Management"
    public static let serverAllocation = "Server Allocation"
    public static let serverAssignment = "Server Assignment"
    /// An object that somebody edited into something that cannot be read: an addition of Siderite's.
    public static let unreadable = "Unreadable"
    /// And one that was put right.
    public static let readable = "Readable"
  }

  public init<Kind: ResourceKind>(
    _ severity: Severity, reason: String, message: String, component: String, of resource: Resource<Kind>
  ) {
    let metadata = resource.metadata
    self.init(
      severity, reason: reason, message: message, component: component,
      subject: Subject(
        apiVersion: Kind.apiVersion, kind: Kind.kind, namespace: metadata.namespace, name: metadata.name,
        uid: metadata.uid))
  }
}
