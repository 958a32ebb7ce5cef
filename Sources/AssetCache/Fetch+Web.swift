import AsyncHTTPClient
import BareMetal
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix

extension Fetch {
  /// Asks an HTTP server: for the rest where a beginning is here, for anything newer where a content is.
  func download(_ url: String, with client: HTTPClient) async throws -> Outcome {
    if let record = try await adoptPresent() { return .fetched(record) }
    let beginning = try await beginning()
    do {
      return try await attempt(url, beginning, client)
    } catch is WrongDigest where beginning != nil {
      // The beginning may have been of another state of the file: once more, from the first byte.
      return try await attempt(url, nil, client)
    } catch is Unusable {
      try directory.removePartial(key)
      return try await attempt(url, nil, client)
    }
  }

  /// What is here of the file, and what it is the beginning of.
  private struct Beginning {
    var file: PartialFile
    var record: PartialRecord
  }

  /// The answer to a request for the rest cannot be put behind what is here.
  private struct Unusable: Error {}

  private func beginning() async throws -> Beginning? {
    guard let record = directory.partialRecord(key) else { return nil }
    // A digest tells whether the parts belong together; without one, the server must vouch for the same content, and
    // this kernel for what is on the disk.
    let isTrusted =
      source.sha512 != nil || (record.validators.strong != nil && record.boot == PartialRecord.currentBoot)
    guard isTrusted else { return nil }
    let (path, reserved) = (directory.partialPath(key), configuration.reservedBytes)
    let file = try await Self.blocking { try PartialFile(path, resumes: true, reservedBytes: reserved) }
    let bytes = file.bytes
    guard bytes > 0, bytes <= record.total ?? .max else { return nil }
    return Beginning(file: file, record: record)
  }

  private func attempt(_ url: String, _ beginning: Beginning?, _ client: HTTPClient) async throws -> Outcome {
    if let beginning, let expected = source.sha512, try beginning.file.digest() == expected {
      return .fetched(try await complete(beginning.file, beginning.record.validators))
    }
    let asked = known?.validators ?? rejected ?? Validators()
    var request = HTTPClientRequest(url: url)
    request.headers.add(name: "User-Agent", value: "siderite")
    request.headers.add(name: "Accept", value: "*/*")
    if let beginning {
      request.headers.add(name: "Range", value: "bytes=\(beginning.file.bytes)-")
      if let validator = beginning.record.validators.strong {
        request.headers.add(name: "If-Range", value: validator)
      }
    } else {
      if let etag = asked.etag { request.headers.add(name: "If-None-Match", value: etag) }
      if let time = asked.lastModified { request.headers.add(name: "If-Modified-Since", value: time) }
    }

    let response: HTTPClientResponse
    do {
      response = try await client.execute(request, deadline: .distantFuture)
    } catch {
      throw Self.failure(for: error, after: 0)
    }
    if source.sha512 == nil, url.lowercased().hasPrefix("https:"),
      response.history.contains(where: { $0.request.url.lowercased().hasPrefix("http:") })
    {
      throw AssetFailure(
        .redirected, "the server sends us from https: to http:, where anybody may answer: give a sha512, or that URL")
    }
    let validators = Validators(
      etag: response.headers.first(name: "ETag"), lastModified: response.headers.first(name: "Last-Modified"))
    let length = response.headers.first(name: "Content-Length").flatMap { Int64($0) }
    switch response.status.code {
    case 200: return try await take(response, from: nil, total: length, validators)
    case 206:
      guard let beginning, let range = ContentRange(response.headers.first(name: "Content-Range")),
        range.first == beginning.file.bytes
      else { throw Unusable() }
      return try await take(response, from: beginning.file, total: range.total, validators)
    case 304 where beginning == nil && !asked.isEmpty: return known == nil ? .stillRejected : .unchanged
    case 416:
      // Nothing is missing, or the file is shorter now.
      guard let beginning, beginning.record.total == beginning.file.bytes else { throw Unusable() }
      return .fetched(try await complete(beginning.file, beginning.record.validators))
    case 404, 410: throw AssetFailure(.notFound, "the server has no such file (\(response.status.code))")
    case 500...599, 429: throw AssetFailure(.serverError, "the server is in trouble (\(response.status))")
    case 400...499: throw AssetFailure(.refused, "the server refuses it (\(response.status))")
    default: throw AssetFailure(.malformed, "the server answered \(response.status) to a plain request")
    }
  }

  /// Takes the body in.
  /// - Parameter beginning: what it follows; `nil`: it is the whole.
  private func take(
    _ response: HTTPClientResponse, from beginning: PartialFile?, total: Int64?, _ validators: Validators
  ) async throws -> Outcome {
    if let total, total > configuration.largestFile {
      throw AssetFailure(.tooLarge, "the server announces \(total >> 20) MiB; no boot file is that large")
    }
    let (path, reserved) = (directory.partialPath(key), configuration.reservedBytes)
    try await makeRoom((total ?? 0) - (beginning?.bytes ?? 0))
    let record = PartialRecord(validators: validators, total: total, boot: PartialRecord.currentBoot)
    let partial = try await Self.blocking { [directory, key] in
      // A beginning without a record is nothing; one with a record of another state would be damage.
      if beginning == nil { try directory.removePartial(key) }
      let partial = try beginning ?? PartialFile(path, resumes: false, reservedBytes: reserved)
      try directory.write(record, key)
      return partial
    }
    progress.begin(at: partial.bytes, of: total)
    let before = partial.bytes
    do {
      try await takeBody(response.body, into: partial, total: total)
    } catch let error as AssetFailure {
      throw error
    } catch is CancellationError {
      throw CancellationError()
    } catch {
      throw Self.failure(for: error, after: max(1, partial.bytes - before))
    }
    if let total, partial.bytes < total { throw Self.truncated(partial.bytes, of: total) }
    return .fetched(try await complete(partial, validators))
  }

  private func takeBody(_ body: HTTPClientResponse.Body, into partial: PartialFile, total: Int64?) async throws {
    let (largest, announced) = (configuration.largestFile, total)
    var batch = ByteBuffer()
    var received = partial.bytes
    func flush() async throws {
      let full = batch
      batch = ByteBuffer()
      try await Self.blocking { try full.withUnsafeReadableBytes { try partial.append($0) } }
    }
    do {
      for try await var chunk in body {
        received += Int64(chunk.readableBytes)
        if let announced, received > announced {
          throw AssetFailure(.tooLarge, "the server sends more than the \(announced) bytes it announced")
        }
        guard received <= largest else {
          throw AssetFailure(.tooLarge, "the server sent \(largest >> 20) MiB and goes on; no boot file is that large")
        }
        try progress.add(chunk.readableBytes)
        batch.writeBuffer(&chunk)
        if batch.readableBytes >= Self.batchBytes {
          if announced == nil { try await makeRoom(Int64(batch.readableBytes)) }
          try await flush()
        }
      }
    } catch {
      // What has come need not come again.
      if !(error is AssetFailure) { try await flush() }
      throw error
    }
    try await flush()
  }

  private static func truncated(_ received: Int64, of total: Int64) -> AssetFailure {
    AssetFailure(.truncated, "the transfer ended after \(received) of \(total) bytes")
  }

  /// - Parameter received: bytes of the body that had come; 0 before the head of the answer.
  private static func failure(for error: any Error, after received: Int64) -> any Error {
    switch error {
    case is CancellationError: return error
    case let error as HTTPClientError:
      switch error {
      case .cancelled: return CancellationError()
      case .connectTimeout, .getConnectionFromPoolTimeout:
        return AssetFailure(.unreachable, "the server does not answer")
      case .tlsHandshakeTimeout: return AssetFailure(.unreachable, "the server speaks no TLS")
      case .readTimeout: return AssetFailure(.stalled, "the server stopped sending without hanging up")
      case .redirectLimitReached, .redirectCycleDetected:
        return AssetFailure(.redirected, "the server sends us from one place to another without end")
      case .remoteConnectionClosed: return hangUp(after: received)
      case .deadlineExceeded: return AssetFailure(.stalled, "the server took too long")
      default:
        let isURL = [.invalidURL, .emptyHost, .emptyScheme].contains(error) || "\(error)".contains("unsupportedScheme")
        return isURL
          ? AssetFailure(.redirected, "the server sends us to where we do not go: \(error.shortDescription)")
          : AssetFailure(.unreachable, "no transfer: \(error.shortDescription)")
      }
    case HTTPParserError.invalidEOFState: return hangUp(after: received)
    case is HTTPParserError: return AssetFailure(.malformed, "the server does not speak HTTP (\(error))")
    case let error as IOError where received > 0 || error.errnoCode == ECONNRESET || error.errnoCode == EPIPE:
      return hangUp(after: received)
    case let error as IOError where error.errnoCode == ECONNREFUSED:
      return AssetFailure(.unreachable, "nobody listens there")
    case ChannelError.connectTimeout: return AssetFailure(.unreachable, "the server does not answer")
    case let error as NIOConnectionError:
      if error.connectionErrors.isEmpty { return AssetFailure(.unreachable, "no host of that name is known") }
      let isRefused = error.connectionErrors.contains { ($0.error as? IOError)?.errnoCode == ECONNREFUSED }
      return AssetFailure(.unreachable, isRefused ? "nobody listens there" : "the server cannot be reached")
    case is SocketAddressError: return AssetFailure(.unreachable, "no host of that name is known")
    default:
      let text = "\(error)"
      if text.contains("CERTIFICATE_VERIFY_FAILED") || text.contains("unableToValidateCertificate") {
        return AssetFailure(
          .unreachable,
          "nobody we trust vouches for the server's certificate, or its time is over: assetCa names authorities of your own"
        )
      }
      if text.contains("failedToValidateHostname") {
        return AssetFailure(.unreachable, "the server's certificate is another server's: it does not have this name")
      }
      if text.contains("WRONG_VERSION_NUMBER") {
        return AssetFailure(.unreachable, "the server speaks no TLS there: is it http:?")
      }
      return AssetFailure(.unreachable, "no transfer: \(PlainText.line(text))")
    }
  }

  private static func hangUp(after received: Int64) -> AssetFailure {
    received > 0
      ? AssetFailure(.truncated, "the server hung up before the end")
      : AssetFailure(.unreachable, "the server hung up before it answered")
  }
}

/// `Content-Range` of one part (RFC 9110 §14.4): `bytes 100-199/200`, `bytes 100-199/*`.
struct ContentRange: Equatable {
  var first: Int64
  var total: Int64?

  init?(_ header: String?) {
    guard let header, header.lowercased().hasPrefix("bytes ") else { return nil }
    let parts = header.dropFirst("bytes ".count).split(separator: "/")
    guard parts.count == 2 else { return nil }
    let bounds = parts[0].split(separator: "-")
    guard bounds.count == 2, let first = Int64(bounds[0]), let last = Int64(bounds[1]), first >= 0, last >= first,
      last < .max
    else { return nil }
    if parts[1] == "*" {
      total = nil
    } else {
      guard let number = Int64(parts[1]), last < number else { return nil }
      total = number
    }
    self.first = first
  }
}
