/// What is done with the frames of a link. All of it happens on the link's own thread, one call at a time.
public protocol RawLinkHandler {
  /// A frame arrived. Its bytes are borrowed.
  mutating func receive(_ frame: Span<UInt8>, on link: borrowing RawLink)

  /// Every frame that was there has been received, or many were; or somebody called ``RawLinkLoop/wake()``; or
  /// ``millisecondsUntilTurn`` passed.
  mutating func turn(on link: borrowing RawLink)

  /// How long the handler can wait for its next turn, at most about a second: asked after each.
  var millisecondsUntilTurn: Int32 { get }
}

extension RawLinkHandler {
  /// A second: to notice an interface that went away without a word.
  public var millisecondsUntilTurn: Int32 { 1000 }
}
