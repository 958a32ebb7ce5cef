/// Which Servers are in a class.
///
/// Accepted AND not cordoned AND not quarantined AND its labels as the selector says AND its hardware as any of the
/// hardware qualifiers says AND its labels as any of the label selectors says. What a class does not ask for, it takes.
public struct ServerClassMatcher: Hashable, Sendable {
  /// `nil`: it has an operator that nobody knows, and takes nobody.
  private let selector: LabelSelector?
  private let hardware: [HardwareQualifier]
  private let labelSelectors: [[String: String]]

  public init(_ spec: ServerClassSpec) {
    selector = LabelSelector(spec.selector ?? LabelSelectorSpec())
    hardware = spec.qualifiers?.hardware ?? []
    labelSelectors = spec.qualifiers?.labelSelectors ?? []
  }

  public func includes(_ server: Server) -> Bool {
    server.exclusion == nil && qualifies(labels: server.metadata.labels, hardware: server.spec.hardware)
  }

  /// Whether labels and hardware are as asked for, whatever else keeps the Server out.
  ///
  /// The hardware is only asked for where it matters: most classes have labels alone, and it is large.
  public func qualifies(
    labels: [String: String]?, hardware: @autoclosure () -> HardwareInformation?
  ) -> Bool {
    objection(labels: labels, hardware: hardware()) == nil
  }

  /// Why a Server is not in the class, for people; `nil` when it is.
  public func objection(to server: Server) -> String? {
    server.exclusion ?? objection(labels: server.metadata.labels, hardware: server.spec.hardware)?.description
  }

  private enum Objection: CustomStringConvertible {
    case selector, labels, noHardware, hardware

    var description: String {
      switch self {
      case .selector: "its labels are not as the selector says"
      case .labels: "its labels are as none of qualifiers.labelSelectors says"
      case .noHardware: "nothing is known of its hardware"
      case .hardware: "its hardware is as none of qualifiers.hardware says"
      }
    }
  }

  private func objection(
    labels: [String: String]?, hardware fact: @autoclosure () -> HardwareInformation?
  ) -> Objection? {
    guard let selector, selector.matches(labels) else { return .selector }
    if !labelSelectors.isEmpty {
      let isLabelled = labelSelectors.contains { $0.allSatisfy { key, value in labels?[key] == value } }
      guard isLabelled else { return .labels }
    }
    guard !hardware.isEmpty else { return nil }
    guard let fact = fact() else { return .noHardware }
    return hardware.contains { $0.matches(fact) } ? nil : .hardware
  }
}

extension LabelSelector {
  /// A manifest's selector; `nil` where it has an operator that nobody knows.
  public init?(_ spec: LabelSelectorSpec) {
    self.init()
    for (key, value) in (spec.matchLabels ?? [:]).sorted(by: { $0.key < $1.key }) {
      requirements.append(Requirement(key: key, relation: .isOneOf([value])))
    }
    for requirement in spec.matchExpressions ?? [] {
      let values = Set(requirement.values ?? [])
      let relation: Requirement.Relation
      switch requirement.operator {
      case "In": relation = .isOneOf(values)
      case "NotIn": relation = .isNoneOf(values)
      case "Exists": relation = .exists
      case "DoesNotExist": relation = .isAbsent
      default: return nil
      }
      requirements.append(Requirement(key: requirement.key, relation: relation))
    }
  }
}
