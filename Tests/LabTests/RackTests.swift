import Testing

/// Whatever runs in the virtual rack of tools/lab: one thing after the other, because machines under emulation need all
/// of a small host, and clients that wait for an answer give up when they do not get it in time.
@Suite("The virtual rack", .serialized, .enabled(if: VirtualCable.canBeMade, Comment(rawValue: VirtualCable.need)))
enum RackTests {}
