extension WipePolicy {
  /// What cannot be meant. A policy that misses the disk it was written for erases it, so whatever selects by nothing, or
  /// by what no disk has, is refused.
  func problems(at path: String) -> [FieldProblem] {
    var problems = (keep ?? []).enumerated().flatMap { index, disk in
      disk.problems(at: "\(path).keep[\(index)]", otherwise: "it would keep every disk, and the wipe erase none")
    }
    if let systemDisk {
      problems += systemDisk.problems(
        at: "\(path).systemDisk", otherwise: "whichever disk comes first would be erased")
      if scope != .systemDisk {
        problems.append(
          FieldProblem(
            path: "\(path).systemDisk",
            message: "is for scope: systemDisk; with scope: all, which is the default, the other disks are erased too"))
      }
    }
    return problems
  }
}

extension DiskSelector {
  /// What a disk's type is by its interface and medium, as the agent tells it.
  static let types = ["SSD", "HDD", "NVMe", "SD"]

  /// - Parameter otherwise: what would come of a selector that says nothing.
  fileprivate func problems(at path: String, otherwise consequence: String) -> [FieldProblem] {
    guard self != DiskSelector() else {
      return [
        FieldProblem(
          path: path,
          message: "says nothing: \(consequence); it needs a wwid, serialNumber, productName, type or label")
      ]
    }
    var problems: [FieldProblem] = []
    let texts = [
      ("wwid", wwid), ("serialNumber", serialNumber), ("productName", productName), ("type", type), ("label", label),
    ]
    for (field, text) in texts where text?.isEmpty == true {
      problems.append(FieldProblem(path: "\(path).\(field)", message: "is empty, as it is of no disk"))
    }
    if let type, !type.isEmpty, !Self.types.contains(where: { $0.lowercased() == type.lowercased() }) {
      problems.append(
        FieldProblem(
          path: "\(path).type",
          message: "'\(PlainText.line(type))' is not one of \(Self.types.joined(separator: ", "))"))
    }
    return problems
  }
}
