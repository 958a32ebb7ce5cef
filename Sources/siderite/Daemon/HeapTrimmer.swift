import LinuxSystem
import ServiceLifecycle

/// Gives back to the kernel what lists, snapshots and storms of machines have left free.
struct HeapTrimmer: Service {
  /// Between two looks.
  private static let interval = Duration.seconds(3)
  /// What memory must have grown by since the last time.
  private static let growth = 8 << 20

  func run() async throws {
    await cancelWhenGracefulShutdown {
      var least = 0
      while (try? await Task.sleep(for: Self.interval)) != nil {
        guard let resident = HeapMemory.residentBytes else { return }
        least = min(least, resident)
        guard resident > least + Self.growth else { continue }
        HeapMemory.trim()
        least = HeapMemory.residentBytes ?? resident
      }
    }
  }
}
