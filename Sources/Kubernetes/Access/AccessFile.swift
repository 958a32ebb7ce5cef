import FoundationEssentials

/// A file with credentials or certificates.
enum AccessFile {
  /// The largest that is read: certificate bundles of systems are about 250 kB.
  static let maximumBytes = 4 << 20

  static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

  /// - Parameter key: whose value the path is, for the error.
  static func text(_ path: String, at key: String) throws(KubeconfigError) -> String {
    let data: Data
    do {
      data = try Data(contentsOf: URL(filePath: path))
    } catch {
      throw KubeconfigError(path: key, message: "\(path) cannot be read: \(reason(error))")
    }
    guard data.count <= maximumBytes else {
      throw KubeconfigError(path: key, message: "\(path) has more than \(maximumBytes) bytes")
    }
    guard let text = String(data: data, encoding: .utf8) else {
      throw KubeconfigError(path: key, message: "\(path) is not text")
    }
    return text
  }

  /// The system's words where there are any: those of Foundation's error are a paragraph.
  private static func reason(_ error: any Error) -> String {
    guard let error = error as? CocoaError else { return "\(error)" }
    switch error.code {
    case .fileReadNoSuchFile: return "there is no such file"
    case .fileReadNoPermission: return "this user may not"
    default: return "error \(error.code.rawValue)"
    }
  }
}
