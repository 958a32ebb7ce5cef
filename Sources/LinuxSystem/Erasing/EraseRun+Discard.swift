internal import Glibc

extension EraseRun {
  /// What is asked of the disk at a time: between two, progress is told.
  private static let step: UInt64 = 1 << 30
  /// … where the kernel may have to write zeros itself.
  private static let zeroStep: UInt64 = 64 << 20

  /// The whole disk, piece by piece.
  func discard(_ order: RangeOrder, told: Bool = true) throws(EraseFailure) {
    try all(order, step: order == .zeroOut ? Self.zeroStep : Self.step, told: told)
  }

  /// Discard, and the proof that it erased: zeros everywhere.
  func discardAndCheck() throws(EraseFailure) {
    try discard(.discard, told: false)
    try settle()
    let place = try firstNonzero(0..<device.size) { bytes throws(EraseFailure) in try self.tell(bytes) }
    if let place { throw .impossible("byte \(place) is not zero after it") }
  }

  /// The kernel's zeros: the disk's own way of writing them, or real ones.
  func zeroOut() throws(EraseFailure) { try discard(.zeroOut) }

  /// Ours.
  func overwrite() throws(EraseFailure) {
    try writeZeros(0..<device.size) { bytes throws(EraseFailure) in try self.tell(bytes) }
  }

  /// For the fast mode: a disk that cannot is no failure.
  func discardIfPossible() throws(EraseFailure) {
    do {
      try discard(.discard)
    } catch .impossible(let reason) {
      note("discard: \(reason)")
      noteNoDiscard()
    }
  }

  private func all(_ order: RangeOrder, step: UInt64, told: Bool) throws(EraseFailure) {
    var offset: UInt64 = 0
    while offset < device.size {
      let end = min(device.size, offset + step)
      do {
        try device.order(order, offset..<end)
      } catch {
        throw .impossible(error.code == EOPNOTSUPP || error.code == ENOTTY ? "not supported" : "\(error)")
      }
      offset = end
      try tell(told ? offset : 0)
    }
  }
}
