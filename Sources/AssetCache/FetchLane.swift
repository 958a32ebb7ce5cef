/// What transfers share, and so may take only a part of.
enum FetchLane: Hashable {
  /// Copies of files of this host.
  case files
  /// Everything from servers.
  case web
  /// One server.
  case server(String)
  /// Whatever did not answer the last time.
  case suspects

  /// How many at a time, of so many hands.
  func width(of hands: Int) -> Int {
    switch self {
    case .files, .web: hands
    case .server: max(1, (hands + 1) / 2)
    case .suspects: 1
    }
  }

  /// `https://host:port` of an URL.
  static func origin(of url: String) -> String {
    url.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false).prefix(3).joined(separator: "/")
      .lowercased()
  }
}
