extension IPMIRequester {
  /// Reads a record of the SDR repository or the event log in parts, all under one reservation.
  ///
  /// Parts get smaller until the BMC returns them. Fewer bytes than asked for are put up with, none are not. When the
  /// reservation is lost the record is begun anew, a few times.
  func parts(
    of length: Int, name: String, largest: UInt8, reserve: () async throws(IPMIFailure) -> UInt16,
    read: (_ reservation: UInt16, _ offset: UInt8, _ count: UInt8) async throws(IPMIFailure) -> GetSDR.Response
  ) async throws(IPMIFailure) -> (next: UInt16, bytes: [UInt8]) {
    var size = largest
    var reservation = try await reserve()
    var losses = 0
    var bytes = [UInt8]()
    var next = GetSDR.last
    while bytes.count < length {
      let count = UInt8(clamping: min(Int(size), length - bytes.count))
      do throws(IPMIFailure) {
        let part = try await read(reservation, UInt8(clamping: bytes.count), count)
        guard !part.data.isEmpty else { throw IPMIFailure.unusable("\(name) ends after \(bytes.count) bytes") }
        next = part.next
        bytes += part.data
      } catch {
        guard case .refused(_, let code) = error else { throw error }
        if code == .reservationCancelled, losses < 5 {
          losses += 1
          reservation = try await reserve()
          bytes = []
        } else if BMCQuirks.isRefusalOfSize(code), size > 4 {
          size /= 2
        } else {
          throw error
        }
      }
    }
    return (next, bytes)
  }
}
