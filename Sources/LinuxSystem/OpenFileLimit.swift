import CLinux
import Glibc

/// How many files and sockets this process may have open (RLIMIT_NOFILE).
public enum OpenFileLimit {
  /// Raises the soft limit to the hard one: each TFTP transfer is a socket, and the usual soft limit is 1024.
  public static func raise() throws(SystemError) {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
      throw SystemError(operation: "getrlimit", subject: "open files", code: errno)
    }
    limit.rlim_cur = limit.rlim_max
    guard setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
      throw SystemError(operation: "setrlimit", subject: "open files", code: errno)
    }
  }
}
