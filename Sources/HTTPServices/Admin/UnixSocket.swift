import Glibc
import NIOCore
import NIOPosix

/// The file of a listening Unix socket.
struct UnixSocket: Sendable {
  let path: String

  /// Owner and group may connect.
  static let mode: mode_t = 0o660

  /// Makes room for a new socket: removes what a killed daemon left. Never removes anything else, nor a socket on which
  /// somebody answers.
  func clear() async throws {
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    guard status.st_mode & S_IFMT == S_IFSOCK else {
      throw ListenError(listener: path, errno: EEXIST, message: "there is a file of that name, which is not a socket")
    }
    if await answers() {
      throw ListenError(listener: path, errno: EADDRINUSE, message: "another siderite answers there: stop it first")
    }
    remove()
  }

  /// Lets the group in. Until then it was the umask that said who may connect.
  func restrict() throws {
    guard chmod(path, Self.mode) == 0 else { throw IOError(errnoCode: errno, reason: "chmod \(path)") }
  }

  func remove() { unlink(path) }

  private func answers() async -> Bool {
    let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connectTimeout(.seconds(1))
    guard let channel = try? await bootstrap.connect(unixDomainSocketPath: path).get() else { return false }
    try? await channel.close()
    return true
  }
}

extension ListenError {
  init(socketPath: String, _ error: IOError) {
    let message =
      switch error.errnoCode {
      case ENOENT: "its directory does not exist"
      case EACCES: "not permitted to make it there"
      default: String(cString: strerror(error.errnoCode))
      }
    self.init(listener: socketPath, errno: error.errnoCode, message: message)
  }
}
