import BareMetal
import BootServices
import LinuxSystem
import NIOCore
import Wire

/// The journal, for services that know a machine by its IP address only: when a transfer starts, the kernel's neighbour
/// table says whose address it is. In proxy mode nobody else could.
struct NeighbourSink: BootEventSink {
  let journal: BootJournal
  let neighbours: NeighbourCache

  func report(_ occurrence: BootOccurrence, of subject: BootSubject) {
    var subject = subject
    if case .transferStarted = occurrence, subject.mac == nil, let address = subject.address {
      subject.mac = neighbours.macAddress(of: address)
    }
    journal.report(occurrence, of: subject)
  }

  /// A TFTP transfer's event.
  func report(_ event: TFTPEvent) {
    guard let occurrence = event.occurrence, let address = event.client.ipAddress.flatMap({ IPAddress($0) }) else {
      return
    }
    report(occurrence, of: BootSubject(address: address))
  }
}

extension TFTPEvent {
  /// The event in the journal's words; `nil` for EDK2's size probe, which is no transfer, and for the script that iPXE looks
  /// for by itself beside its program (from 2021 on): that it has none is as it should be.
  fileprivate var occurrence: BootOccurrence? {
    switch kind {
    case .started(let size): .transferStarted(name: name, bytes: Int64(size))
    case .progressed(let bytes, let total):
      .transferProgressed(name: name, percent: total > 0 ? Int(clamping: UInt64(bytes) * 100 / UInt64(total)) : 100)
    case .finished(let bytes, let duration):
      .transferFinished(name: name, bytes: Int64(bytes), milliseconds: Int64(duration / .milliseconds(1)))
    case .declined: nil
    case .refused where name == "autoexec.ipxe": nil
    case .refused(_, let message): .transferFailed(name: name, reason: message)
    case .failed(let failure, _): .transferFailed(name: name, reason: "\(failure)")
    }
  }
}
