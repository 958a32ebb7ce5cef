internal import CLinux
internal import Glibc

/// A thread outside the cooperative pool, for work that waits in system calls.
public enum SystemThread {
  /// How many run at once: the processors in use.
  public static var processorCount: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

  /// Runs `body` on a new thread. `false` when none is to be had.
  /// - Parameter name: what `ps` and `top` show; the kernel keeps 15 bytes of it.
  public static func start(named name: String, _ body: @escaping @Sendable () -> Void) -> Bool {
    let start = Unmanaged.passRetained(Start(name: name, body: body))
    var identifier = pthread_t()
    let status = pthread_create(
      &identifier, nil,
      { argument in
        guard let argument else { return nil }
        let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
        clinux_set_thread_name(String(decoding: start.name.utf8.prefix(15), as: UTF8.self))
        start.body()
        return nil
      }, start.toOpaque())
    guard status == 0 else {
      start.release()
      return false
    }
    pthread_detach(identifier)
    return true
  }

  private final class Start: Sendable {
    let name: String
    let body: @Sendable () -> Void

    init(name: String, body: @escaping @Sendable () -> Void) {
      self.name = name
      self.body = body
    }
  }
}
