/// A status with conditions.
public protocol ConditionedStatus: ResourceStatus {
  /// Whether ``Condition/readable`` is among them: somebody had edited the object into something that cannot be read. It
  /// is set while nobody can read it here, so whoever reads it here sees that it is over.
  var isMarkedUnreadable: Bool { get }
}

extension Condition {
  /// False while the object is edited into something that cannot be read; absent otherwise.
  public static let readable = "Readable"
}

extension ServerStatus: ConditionedStatus {
  public var isMarkedUnreadable: Bool { conditions.condition(Condition.readable) != nil }
}

extension ServerClassStatus: ConditionedStatus {
  public var isMarkedUnreadable: Bool { conditions.condition(Condition.readable) != nil }
}

extension ServerBindingStatus: ConditionedStatus {
  public var isMarkedUnreadable: Bool { conditions.condition(Condition.readable) != nil }
}

extension MetalMachineStatus: ConditionedStatus {
  public var isMarkedUnreadable: Bool { conditions.condition(Condition.readable) != nil }
}

extension EnvironmentStatus: ConditionedStatus {
  public var isMarkedUnreadable: Bool { conditions?.contains { $0.type == Condition.readable } ?? false }
}
