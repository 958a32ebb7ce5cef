/// Why an intent does not hold for the disks that are there: nothing is erased then. It says what a person can do.
public struct WipeRefusal: Error, Hashable, Sendable, CustomStringConvertible {
  public var description: String

  public init(_ description: String) { self.description = description }

  /// What helps when the disks are not those that were meant.
  static let newIntent = "`siderite wipe` records a new intent, with the disks of today"
}
