extension ObjectMeta {
  /// Where a document of an older version keeps what that version has no words for: Cluster API's annotation, so that
  /// what Sidero's own conversion wrote is understood, too.
  public static let conversionData = "cluster.x-k8s.io/conversion-data"

  /// Takes the annotation away and gives the spec in it; `nil` where there is none.
  mutating func takeConversionData<Spec: Decodable>(_ type: Spec.Type, recording trace: ManifestTrace) -> Spec? {
    guard let text = annotations?.removeValue(forKey: Self.conversionData) else { return nil }
    if annotations?.isEmpty == true { annotations = nil }
    let path = "metadata.annotations[\(Self.conversionData)]"
    do {
      guard let spec = try JSONValue(parsing: text).member("spec") else { return nil }
      // Fields in it that nobody knows are another program's: passed over.
      let inner = ManifestTrace()
      let hub = inner.value(type, from: spec, at: path)
      for problem in inner.problems { trace.record(problem) }
      return hub
    } catch {
      trace.record("is not JSON: \(error)", at: path)
      return nil
    }
  }
}

extension Resource where Kind: ManifestKind {
  /// The resource as it stands in a document of that version, today's when `nil`.
  ///
  /// What an older version has no words for is in the annotation ``ObjectMeta/conversionData``, from which
  /// ``ManifestReader`` takes it back: nothing is lost on the way there and back, edited or not.
  public func document(version: String? = nil) -> JSONValue {
    let document = JSONValue(encoding: self)
    guard let version, Kind.olderVersions.contains(version) else { return document }
    // What we wrote ourselves is readable.
    return (try? ManifestConversion.convert(document, to: version)) ?? document
  }
}

extension JSONValue {
  /// A field of an object.
  func member(_ key: String) -> JSONValue? {
    guard case .object(let fields) = self else { return nil }
    return fields[key]
  }
}
