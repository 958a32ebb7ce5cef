internal import Glibc
public import LinuxSystem
internal import Synchronization

/// Reads one link on a thread of its own, so that an answer waits for nothing but the frame: not for the cooperative
/// pool, not for another link.
public final class RawLinkLoop: Sendable {
  /// Frames received before the handler has its turn: bounds what piles up for one answer during a storm.
  static let batch = 256

  private let event: EventDescriptor
  private let stopping = Atomic<Bool>(false)

  public init() throws(SystemError) { event = try EventDescriptor() }

  /// Has the handler take a turn soon. From any thread; never blocks.
  public func wake() { event.signal() }

  /// Opens the link on a new thread, makes its handler there, and serves until the task is cancelled or the link fails.
  /// A loop runs once.
  public func run<Handler: RawLinkHandler>(
    _ settings: RawLink.Settings, handler makeHandler: @escaping @Sendable (borrowing RawLink) -> Handler
  ) async throws(RawLinkError) {
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { (continuation: CheckedContinuation<Result<Void, RawLinkError>, Never>) in
        let started = SystemThread.start(named: "link \(settings.interface)") {
          continuation.resume(
            returning: Result { () throws(RawLinkError) in
              let link = try RawLink(settings)
              try self.serve(link, makeHandler(link))
            })
        }
        if !started {
          continuation.resume(
            returning: .failure(
              .failed(interface: settings.interface, operation: "pthread_create", message: "no thread to be had")))
        }
      }
    } onCancel: {
      stopping.store(true, ordering: .releasing)
      event.signal()
    }
    try result.get()
  }

  private func serve(_ link: borrowing RawLink, _ handler: consuming some RawLinkHandler) throws(RawLinkError) {
    var descriptors = [
      pollfd(fd: link.descriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: event.rawValue, events: Int16(POLLIN), revents: 0),
    ]
    var handler = handler
    while !stopping.load(ordering: .acquiring) {
      let received = try link.receive(upTo: Self.batch) { handler.receive($0, on: link) }
      handler.turn(on: link)
      if received == Self.batch { continue }
      // The time-out notices an interface that went away without a word. EINTR is a turn like any other.
      _ = poll(&descriptors, nfds_t(descriptors.count), max(0, min(handler.millisecondsUntilTurn, 1000)))
      if descriptors[1].revents != 0 { event.take() }
    }
  }
}
