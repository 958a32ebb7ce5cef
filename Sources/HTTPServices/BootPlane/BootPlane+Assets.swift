import BareMetal
import HTTPTypes
import Hummingbird
import NIOCore
import Wire
import _NIOFileSystem

extension BootPlane {
  /// `/tftp/<file>`: a boot program.
  func program(_ request: Request, _ context: PeerContext) async throws -> Response {
    let name = String(request.uri.path.dropFirst("/tftp/".count))
    return try await respond(.program(name), request, context)
  }

  /// `/env/<name>/<file>` and `/env/<name>/<architecture>/<file>`
  func environmentFile(_ request: Request, _ context: PeerContext) async throws -> Response {
    let environment = try context.parameters.require("environment")
    let part = try context.parameters.require("part")
    let name = context.parameters.get("file")
    let architecture = name == nil ? AssetName.defaultArchitecture : part
    guard let file = EnvironmentFile(rawValue: name ?? part) else {
      throw Refusal(.notFound, "there is nothing at \(request.uri.path)")
    }
    return try await respond(
      .environment(environment, file, architecture: architecture), request, context)
  }

  private func respond(_ name: AssetName, _ request: Request, _ context: PeerContext) async throws -> Response {
    let subject = BootSubject(address: context.client)
    let asset: Asset
    do {
      asset = try await usable(name, request)
    } catch {
      // What iPXE looks for by itself beside its program, from 2021 on: that it has none is as it should be.
      if name != .program("autoexec.ipxe") {
        journal.report(.transferFailed(name: PlainText.line("\(name)"), reason: error.reason), of: subject)
      }
      throw error
    }
    // If-Range comes with a validator; we give none out, so none can match (RFC 9110 §13.1.5).
    let header = request.headers[.ifRange] == nil ? request.headers[.range] : nil
    let range = ByteRange(header: header, size: asset.size)
    var headers: HTTPFields = [.contentType: Self.contentType(name), .acceptRanges: "bytes"]
    let (status, bytes): (HTTPResponse.Status, Range<Int64>)
    switch range {
    case .whole: (status, bytes) = (.ok, 0..<asset.size)
    case .part(let part):
      (status, bytes) = (.partialContent, part.lowerBound..<(part.upperBound + 1))
      headers[.contentRange] = "bytes \(part.lowerBound)-\(part.upperBound)/\(asset.size)"
    case .unsatisfiable:
      headers[.contentRange] = "bytes */\(asset.size)"
      return Response(status: .rangeNotSatisfiable, headers: headers)
    }
    headers[.contentLength] = "\(bytes.count)"
    guard request.method == .get else { return Response(status: status, headers: headers) }
    return Response(status: status, headers: headers, body: body(name, asset, bytes, subject, context.channel))
  }

  /// The asset, if its file is as it was when it was found.
  private func usable(_ name: AssetName, _ request: Request) async throws(Refusal) -> Asset {
    guard let asset = assets.asset(name) else {
      switch name {
      case .program(let file): throw Refusal(.notFound, "there is no boot program \(file)")
      case .environment: throw Refusal(.notFound, "there is no file \(name) of an Environment")
      }
    }
    let info = try? await FileSystem.shared.info(forFileAt: FilePath(asset.path))
    guard let info, info.type == .regular, info.size == asset.size else {
      throw Refusal(.serviceUnavailable, "the file of \(name) is missing or has changed on the boot host")
    }
    return asset
  }

  /// The file's bytes go from the kernel's page cache into the connection; see ``FileSender``.
  private func body(
    _ name: AssetName, _ asset: Asset, _ bytes: Range<Int64>, _ subject: BootSubject, _ channel: any Channel
  ) -> ResponseBody {
    ResponseBody(contentLength: bytes.count) { [journal] writer in
      let start = ContinuousClock.now
      journal.report(.transferStarted(name: "\(name)", bytes: Int64(bytes.count)), of: subject)
      do {
        let opened = try await FileSystem.shared.openFile(forReadingAt: FilePath(asset.path))
        let file = NIOFileHandle(
          _deprecatedTakingOwnershipOfDescriptor: try opened.detachUnsafeFileDescriptor().rawValue)
        defer { try? file.close() }
        let part = FilePart(file: file, bytes: Int(bytes.lowerBound)..<Int(bytes.upperBound))
        try await channel.triggerUserOutboundEvent(part).get()
        try await writer.finish(nil)
      } catch {
        let reason =
          switch error {
          case FilePart.Failure.clientLeft(let sent): "the connection ended after \(sent) of \(bytes.count) bytes"
          case FilePart.Failure.shrank: "its file became shorter on the boot host"
          case is ChannelError: "the connection ended after 0 of \(bytes.count) bytes"
          default: "its file cannot be read on the boot host"
          }
        journal.report(.transferFailed(name: "\(name)", reason: reason), of: subject)
        throw error
      }
      let milliseconds = (ContinuousClock.now - start) / .milliseconds(1)
      journal.report(
        .transferFinished(name: "\(name)", bytes: Int64(bytes.count), milliseconds: Int64(milliseconds)), of: subject)
    }
  }

  /// UEFI firmware runs what is `application/efi` and guesses about the rest.
  private static func contentType(_ name: AssetName) -> String {
    switch name {
    case .program(let file) where file.lowercased().hasSuffix(".efi"): "application/efi"
    case .program(let file) where file.hasSuffix(".ipxe"): "text/plain; charset=utf-8"
    case .program, .environment: "application/octet-stream"
    }
  }
}
