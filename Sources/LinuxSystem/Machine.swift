internal import CLinux
internal import Glibc

/// What only PID 1 does.
public enum Machine {
  /// Mounts a file system of the kernel's own: `proc`, `sysfs`, `devtmpfs`, `tmpfs`. Already mounted is not an error.
  public static func mount(_ type: String, at path: String) throws(SystemError) {
    try Directory.make(path)
    do {
      try systemCall("mount", path) {
        CLinux.mount(type, path, type, UInt(MS_NOSUID | MS_NOEXEC), nil)
      }
    } catch {
      guard error.code == EBUSY else { throw error }
    }
  }

  /// Restarts through the firmware. Returns only when it fails.
  public static func reboot() throws(SystemError) { try restart(Int32(bitPattern: UInt32(RB_AUTOBOOT))) }

  /// Switches off. Returns only when it fails.
  public static func powerOff() throws(SystemError) { try restart(Int32(bitPattern: UInt32(RB_POWER_OFF))) }

  private static func restart(_ command: Int32) throws(SystemError) {
    sync()
    try systemCall("reboot") { CLinux.reboot(command) }
  }

  /// Sleeps, whatever signals come.
  public static func sleep(_ duration: Duration) {
    let (seconds, fraction) = max(.zero, duration).components
    var remaining = timespec(tv_sec: Int(clamping: seconds), tv_nsec: Int(fraction / 1_000_000_000))
    var left = timespec()
    while nanosleep(&remaining, &left) == -1, errno == EINTR { remaining = left }
  }
}
