internal import CLinux
internal import Glibc

/// The kernel's log and every console of the kernel command line.
///
/// The kernel would print what is written to its log on the consoles too, but not when it was started with `quiet`.
/// So lines go to the log at a level that is kept and not printed, and to the consoles directly.
public struct Console: ~Copyable {
  private var log: Int32?
  private var terminals: [Int32]

  /// Opens `/dev/kmsg` and what `/proc/consoles` lists; whichever cannot be opened is left out.
  public init() {
    log = (try? FileDescriptor.openForWriting("/dev/kmsg"))?.release()
    let list = (try? FileDescriptor.contents(of: "/proc/consoles", limit: 4096)) ?? nil
    // A line is `ttyS0                -W- (EC p a)    4:64`.
    let names = String(decoding: list ?? [], as: UTF8.self).split(separator: "\n").compactMap {
      $0.split(separator: " ").first.map(String.init)
    }
    terminals = names.compactMap { name in
      // Not blocking: a serial line that nobody reads must not hold the agent up.
      (try? FileDescriptor.open("/dev/\(name)", flags: O_WRONLY | O_NOCTTY | O_NONBLOCK))?.release()
    }
  }

  deinit {
    for descriptor in terminals { close(descriptor) }
    if let log { close(log) }
  }

  /// Writes one line; what a console has no room for is lost there.
  public func write(_ line: String) {
    let text = Array(line.utf8) + [UInt8(ascii: "\n")]
    if let log {
      let record = Array("<7>".utf8) + text
      _ = Glibc.write(log, record, record.count)
    }
    for descriptor in terminals { _ = Glibc.write(descriptor, text, text.count) }
  }
}
