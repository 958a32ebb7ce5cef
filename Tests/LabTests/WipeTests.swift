import BareMetal
import Foundation
import SQLiteStore
import Testing
import Wire

extension RackTests {
  /// A machine with real drivers, from its discovery to blank disks.
  @Suite("Wiping a machine")
  struct WipeTests {
    /// Its disks, gone with the object.
    private final class Disks {
      let directory = FileManager.default.temporaryDirectory.appending(path: "siderite-lab.\(UUID().uuidString)")
      let images: [String: DiskImage]

      static let kinds = ["virtio", "nvme", "scsi", "removable", "read-only"]

      init() throws {
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        var images: [String: DiskImage] = [:]
        for (place, kind) in Self.kinds.enumerated() {
          images[kind] = try DiskImage(in: directory, named: kind, size: (32 + 8 * place) << 20)
        }
        self.images = images
      }

      deinit { try? FileManager.default.removeItem(at: directory) }

      var arguments: [String] { Self.kinds.flatMap { ["--\($0)", images[$0]?.path ?? ""] } }

      func contents() throws -> [String: Data] { try images.mapValues { try $0.contents } }

      func image(_ kind: String) throws -> DiskImage { try #require(images[kind]) }
    }

    @Test("Nothing is written to the disks of a machine that nobody accepted; accepted, all of them are blank")
    func wipes() async throws {
      let (disks, host) = (try Disks(), try LoopbackHost())
      let before = try disks.contents()

      // Not accepted, though somebody has recorded an intent by mistake.
      let discovery = try await boot(disks, host)
      try #require(discovery.status == 0, "\(discovery.tail)")
      try await record(host, accepted: false)
      let unaccepted = try await boot(disks, host)
      try #require(unaccepted.status == 0, "\(unaccepted.tail)")
      #expect(!unaccepted.text.contains("erasing"), "\(unaccepted.tail)")
      #expect(try disks.contents() == before)
      let devices = try #require(try await host.server()?.spec.hardware?.storage?.devices)
      #expect(devices.count == 4, "\(devices)")
      #expect(devices.allSatisfy { $0.labels == ["scratch"] }, "\(devices)")
      #expect(devices.first { $0.serialNumber == "READONLY-1" }?.readOnly == true)

      try await record(host, accepted: true)
      let wipe = try await boot(disks, host)
      try #require(wipe.status == 0, "\(wipe.tail)")
      let status = try #require(try await host.server()?.status)
      #expect(status.isClean, "\(status.wipe?.message ?? "") \(wipe.tail)")
      #expect(status.wipe?.phase == .done)
      #expect(status.conditions?.first { $0.type == "PowerCycle" }?.status == .true)
      let records = status.wipe?.records ?? []
      func found(_ serial: String) -> EraseRecord? { records.first { $0.disk.serialNumber == serial } }
      #expect(found("NVME-1")?.method == "nvme-format", "\(records)")
      for serial in ["VIRTIO-1", "NVME-1", "SCSI-1"] {
        #expect(found(serial)?.result == .erased, "\(serial) \(records)")
        #expect(found(serial)?.verification?.contains("64 random blocks") == true)
      }
      #expect(found("READONLY-1")?.result == .kept)
      #expect(found("REMOVABLE-1")?.result == .skipped)
      for kind in ["virtio", "nvme", "scsi"] {
        let image = try disks.image(kind)
        #expect(try image.hasBlankEnds, "\(kind)")
        #expect(try image.isBlank, "\(kind)")
        #expect(try image.signatures.isEmpty, "\(kind)")
      }
      for kind in ["removable", "read-only"] { #expect(try disks.image(kind).contents == before[kind], "\(kind)") }
      #expect(host.messages.suffix(2) == ["wiped: it is clean", "told to power off"])
      #expect(wipe.text.contains("switching off"), "\(wipe.tail)")
    }

    /// An intent, as a reconciler records it.
    private func record(_ host: LoopbackHost, accepted: Bool) async throws {
      var server = try #require(try await host.server())
      server.spec.accepted = accepted
      server = try await host.store.update(server)
      server.status.wipe = .intent(
        for: server, reason: .requested, mode: .full, id: UUID().uuidString, now: LoopbackHost.now())
      _ = try await host.store.updateStatus(server)
    }

    private func boot(_ disks: Disks, _ host: LoopbackHost) async throws -> LabScript {
      try await host.serving(accepted: false) { [arguments = disks.arguments] port in
        try await LabScript.run("wipe", ["--port", "\(port)"] + arguments)
      }
    }
  }
}
