/// What a server grants at most, whatever a client asks for.
public struct TFTPLimits: Hashable, Sendable {
  /// Bytes of content in a DATA packet. 1468 fills an Ethernet frame of MTU 1500 with IPv4, UDP and TFTP headers;
  /// larger blocks are fragmented, which many boot ROMs cannot put together.
  public var blockSize = 1468

  /// Blocks in flight.
  public var windowSize = 64

  /// Bytes in flight: bounds what a transfer keeps in buffers and what a switch must hold.
  public var windowBytes = 128 * 1024

  /// How long a client that has answered before may make no progress. Firmware tries for 24 s (6 times, 4 s apart).
  public var patience: Duration = .seconds(30)

  /// How long a client may leave the first packet unanswered. Short, as anybody can ask in somebody else's name.
  public var firstPatience: Duration = .seconds(10)

  public init() {}
}
