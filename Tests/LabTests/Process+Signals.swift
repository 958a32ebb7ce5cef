import Foundation
import Glibc

extension Process {
  /// Runs the program with no signal blocked. A program inherits what the thread that starts it blocks, and the threads
  /// of Swift's pool block them all: it could neither be ended with SIGTERM nor asked anything by a signal.
  func runUnblocked() throws {
    var none = sigset_t()
    var before = sigset_t()
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    try run()
  }
}
