internal import Glibc

/// Erases one disk: the methods of the mode one after the other until one of them did it and the disk shows it; both ends
/// and every known place with zeros in any case, and read back.
public struct DiskEraser: Sendable {
  /// How thoroughly.
  public enum Mode: Hashable, Sendable {
    /// Discard, and the places that say what is on the disk.
    case fast
    /// Every byte.
    case full
  }

  /// What was done.
  public struct Outcome: Hashable, Sendable {
    /// `discard+zero-check`
    public var method: String
    /// Those that did not do, and why.
    public var attempts: [String]
    /// What was read back.
    public var verification: String

    public init(method: String, attempts: [String], verification: String) {
      self.method = method
      self.attempts = attempts
      self.verification = verification
    }
  }

  /// Why the disk is not erased, and what was tried.
  public struct Failure: Error, Hashable, Sendable {
    public var reason: String
    public var attempts: [String]
    /// Nobody wanted it any more.
    public var isStopped: Bool

    public init(reason: String, attempts: [String], isStopped: Bool = false) {
      self.reason = reason
      self.attempts = attempts
      self.isStopped = isStopped
    }
  }

  /// Told while it works; `false` stops it. `bytes`: how far the method is; methods that did not do count again.
  public typealias Progress = @Sendable (_ method: String, _ bytes: UInt64) -> Bool

  /// Erases the disk at `path` if it is as large as it should be and nobody uses it.
  public static func erase(
    path: String, size: UInt64, mode: Mode, progress: @escaping Progress
  ) throws(Failure) -> Outcome {
    let disk: RawDisk
    do {
      disk = try RawDisk(path: path)
    } catch {
      let reason =
        switch error.code {
        case EBUSY: "it is in use: mounted, or part of a RAID or a volume group"
        case EROFS, EACCES, EPERM: "it cannot be written to (\(error))"
        default: "\(error)"
        }
      throw Failure(reason: reason, attempts: [])
    }
    guard disk.size == size else {
      throw Failure(reason: "it has \(disk.size) bytes now, and had \(size) when it was looked for", attempts: [])
    }
    return try DiskEraser(disk, mode: mode, progress: progress).run()
  }

  let device: any EraseDevice
  let mode: Mode
  let progress: Progress
  let pause: @Sendable (Duration) -> Void

  init(
    _ device: any EraseDevice, mode: Mode, pause: @escaping @Sendable (Duration) -> Void = { Machine.sleep($0) },
    progress: @escaping Progress
  ) {
    self.device = device
    self.mode = mode
    self.pause = pause
    self.progress = progress
  }

  func run() throws(Failure) -> Outcome {
    let run: EraseRun
    do {
      run = try EraseRun(self)
    } catch {
      throw Failure(error, attempts: [])
    }
    var attempts = [String]()
    for method in EraseMethod.chain(mode, isNVMe: device.nvme != nil) {
      let verification: String
      do {
        verification = try run.erase(by: method)
      } catch {
        guard case .impossible(let reason) = error else { throw Failure(error, attempts: attempts) }
        attempts.append("\(method.name): \(reason)")
        continue
      }
      return Outcome(
        method: run.ranWithoutDiscard ? "ends" : method.name, attempts: attempts + run.notes,
        verification: verification)
    }
    throw Failure(
      reason: attempts.last.map { "no method worked, the last: \($0)" } ?? "no method", attempts: attempts)
  }
}

extension DiskEraser.Failure {
  fileprivate init(_ failure: EraseFailure, attempts: [String]) {
    switch failure {
    case .impossible(let reason), .broken(let reason): self.init(reason: reason, attempts: attempts)
    case .stopped: self.init(reason: "stopped before it was erased", attempts: attempts, isStopped: true)
    }
  }
}
