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
      journal.report(.transferFailed(name: PlainText.line("\(name)"), reason: error.reason), of: subject)
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
    return Response(status: status, headers: headers, body: body(name, asset, bytes, subject, context.eventLoop))
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

  /// Reads the file a chunk at a time, as fast as the client takes it; all clients share the kernel's page cache.
  private func body(
    _ name: AssetName, _ asset: Asset, _ bytes: Range<Int64>, _ subject: BootSubject, _ eventLoop: any EventLoop
  ) -> ResponseBody {
    ResponseBody(contentLength: bytes.count) { [journal] writer in
      let start = ContinuousClock.now
      journal.report(.transferStarted(name: "\(name)", bytes: Int64(bytes.count)), of: subject)
      var sent: Int64 = 0
      do {
        var output = writer
        sent = try await FileSystem.shared.withFileHandle(forReadingAt: FilePath(asset.path)) { file in
          var offset = bytes.lowerBound
          while offset < bytes.upperBound {
            let chunk = try await file.readChunk(
              fromAbsoluteOffset: offset, length: .bytes(min(Limits.chunkBytes, bytes.upperBound - offset)))
            guard chunk.readableBytes > 0 else { throw FileShrank() }
            do {
              try await output.write(chunk)
              // The writer hands over without waiting: only when the event loop has seen this chunk does it know whether
              // the next must wait for the client. Else a busy loop lets half a file pile up in memory.
              try await eventLoop.submit {}.get()
            } catch {
              throw ClientLeft(bytes: offset - bytes.lowerBound)
            }
            offset += Int64(chunk.readableBytes)
          }
          return offset - bytes.lowerBound
        }
        try await writer.finish(nil)
      } catch {
        let reason =
          switch error {
          case let error as ClientLeft: "the connection ended after \(error.bytes) of \(bytes.count) bytes"
          case is FileShrank: "its file became shorter on the boot host"
          default: "its file cannot be read on the boot host"
          }
        journal.report(.transferFailed(name: "\(name)", reason: reason), of: subject)
        throw error
      }
      let milliseconds = (ContinuousClock.now - start) / .milliseconds(1)
      journal.report(
        .transferFinished(name: "\(name)", bytes: sent, milliseconds: Int64(milliseconds)), of: subject)
    }
  }

  private struct FileShrank: Error {}
  private struct ClientLeft: Error { var bytes: Int64 }

  /// UEFI firmware runs what is `application/efi` and guesses about the rest.
  private static func contentType(_ name: AssetName) -> String {
    switch name {
    case .program(let file) where file.lowercased().hasSuffix(".efi"): "application/efi"
    case .program(let file) where file.hasSuffix(".ipxe"): "text/plain; charset=utf-8"
    case .program, .environment: "application/octet-stream"
    }
  }
}
