import LinuxSystem
public import NIOCore
public import TFTP

/// How TFTP is served.
public struct TFTPConfiguration: Sendable {
  /// Which port a transfer's packets come from.
  public enum PortMode: Sendable {
    /// A port of its own for each transfer, as RFC 1350 §4 has it.
    case perTransfer

    /// The port that listens, for firewalls that know no TFTP. Some firmware refuses it (iDRAC 8), so never the default.
    case single
  }

  /// The addresses to listen on, port 69 as a rule; 0 takes any free port. Replies come from the address that was asked.
  /// In ``PortMode/single`` name each address: on 0.0.0.0 the kernel would choose the source of replies.
  public var addresses: [SocketAddress]

  public var portMode = PortMode.perTransfer

  /// What clients are granted. The block size is lowered further to what fits the path's MTU.
  public var limits = TFTPLimits()

  /// Threads for each address. A host's transfers are all on one of them.
  public var threads = max(1, min(4, SystemThread.processorCount))

  /// Transfers at a time, of all threads. Each takes a socket and, while it lasts, about 1 KiB.
  public var maximumTransfers = 4096

  /// Transfers of one address at a time. A machine needs one or two; more come from behind an address translation.
  public var maximumTransfersPerClient = 64

  /// Requests that wait for their turn, of all threads.
  public var maximumWaiting = 4096

  /// Let the kernel cut a window into packets (UDP_SEGMENT) where it can; never done in ``PortMode/single``.
  public var usesSegmentation = true

  /// How long running transfers may go on after a graceful shutdown was asked for.
  public var shutdownGrace: Duration = .seconds(5)

  public init(addresses: [SocketAddress]) { self.addresses = addresses }

  /// What one thread keeps at most.
  var admissionLimits: TFTPAdmission<SocketEndpoint, TFTPSession>.Limits {
    .init(
      transfers: max(1, maximumTransfers / max(1, threads)), transfersPerHost: maximumTransfersPerClient,
      waiting: max(1, maximumWaiting / max(1, threads)))
  }
}
