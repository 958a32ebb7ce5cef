extension ObjectMeta {
  /// What Kubernetes would refuse: names, labels and annotations that are empty, too long or oddly written.
  public var problems: [FieldProblem] {
    var problems: [FieldProblem] = []
    if name.isEmpty {
      problems.append(FieldProblem(path: "metadata.name", message: "is missing"))
    } else if !ResourceName.isValid(name) {
      problems.append(FieldProblem(path: "metadata.name", message: ResourceName.rule))
    }
    if let namespace, !ResourceName.isValid(namespace) {
      problems.append(FieldProblem(path: "metadata.namespace", message: ResourceName.rule))
    }
    for (key, value) in (labels ?? [:]).sorted(by: { $0.key < $1.key }) {
      problems += LabelRule.problems(key: key, value: value, at: ManifestDecoder.path(key, under: "metadata.labels"))
    }
    for key in (annotations ?? [:]).keys.sorted() {
      guard let message = LabelRule.problem(key: key) else { continue }
      problems.append(FieldProblem(path: ManifestDecoder.path(key, under: "metadata.annotations"), message: message))
    }
    let annotationBytes = (annotations ?? [:]).reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
    if annotationBytes > Self.maximumAnnotationBytes {
      let message = "all together take \(annotationBytes) bytes, \(Self.maximumAnnotationBytes) are allowed"
      problems.append(FieldProblem(path: "metadata.annotations", message: message))
    }
    for (index, finalizer) in (finalizers ?? []).enumerated() {
      guard let message = LabelRule.problem(key: finalizer) else { continue }
      problems.append(FieldProblem(path: "metadata.finalizers[\(index)]", message: message))
    }
    return problems
  }

  /// Of all annotations of an object, as of Kubernetes.
  static let maximumAnnotationBytes = 256 << 10
}

/// What a label may look like (Kubernetes, "Labels and Selectors").
enum LabelRule {
  /// Of a value, and of a key after its prefix.
  static let maximumBytes = 63

  static func problems(key: String, value: String, at path: String) -> [FieldProblem] {
    [problem(key: key), problem(value: value)].compactMap { $0.map { FieldProblem(path: path, message: $0) } }
  }

  /// `zone`, `topology.kubernetes.io/rack`
  static func problem(key: String) -> String? {
    let parts = key.split(separator: "/", omittingEmptySubsequences: false)
    if parts.count > 2 { return "the key has more than one '/'" }
    if parts.count == 2, !ResourceName.isValid(String(parts[0])) {
      return "what is before the key's '/' is a DNS name in lower case, \(ResourceName.maximumBytes) bytes at most"
    }
    guard let name = parts.last, !name.isEmpty else { return "the key is empty" }
    if name.utf8.count > maximumBytes {
      return "the key has \(name.utf8.count) bytes, \(maximumBytes) are allowed"
        + (parts.count == 2 ? " after '/'" : "")
    }
    return isWellFormed(name) ? nil : "the key is letters, digits, '-', '_' and '.', the first and last no sign"
  }

  static func problem(value: String) -> String? {
    if value.utf8.count > maximumBytes {
      return "the value has \(value.utf8.count) bytes, \(maximumBytes) are allowed"
    }
    guard value.isEmpty || isWellFormed(value) else {
      return "the value is letters, digits, '-', '_' and '.', the first and last no sign"
    }
    return nil
  }

  private static func isWellFormed(_ text: some StringProtocol) -> Bool {
    func isAlphanumeric(_ byte: UInt8) -> Bool {
      (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
    }
    let bytes = Array(text.utf8)
    guard let first = bytes.first, let last = bytes.last, isAlphanumeric(first), isAlphanumeric(last) else {
      return false
    }
    return bytes.allSatisfy { isAlphanumeric($0) || "-_.".utf8.contains($0) }
  }
}
