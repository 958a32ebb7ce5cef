import FoundationEssentials
import TFTP
import Wire

@testable import BareMetal

@Sendable func feedJSON(_ bytes: [UInt8]) {
  guard let value = try? JSONValue(parsing: String(decoding: bytes, as: UTF8.self)) else { return }
  guard let again = try? JSONValue(parsing: value.jsonText) else {
    hold(false, "what was read is written as JSON")
    return
  }
  hold(again.jsonText == value.jsonText, "what was read is written so that it is read the same")
}

/// The patch, a zero byte, the document.
@Sendable func feedJSONPatch(_ bytes: [UInt8]) {
  let parts = bytes.split(separator: 0, maxSplits: 1)
  guard parts.count == 2, let document = try? JSONValue(parsing: String(decoding: parts[1], as: UTF8.self)),
    let patches = try? JSONDecoder().decode([ConfigPatch].self, from: Data(parts[0]))
  else { return }
  var operations: [JSONPatch.Operation] = []
  for patch in patches.prefix(64) {
    guard let operation = try? JSONPatch.operation(patch) else { return }
    operations.append(operation)
  }
  var node = ConfigNode(document)
  for operation in operations { _ = try? JSONPatch.apply(operation, to: &node, origin: .nodeLabel) }
}

@Sendable func feedTexts(_ bytes: [UInt8]) {
  let text = String(decoding: bytes.prefix(512), as: UTF8.self)
  if let address = IPv4Address(text) { hold(IPv4Address(address.description) == address, "\(address) is read again") }
  if let prefix = IPv4Prefix(text) { hold(IPv4Prefix(prefix.description) == prefix, "\(prefix) is read again") }
  if let mac = MACAddress(text) { hold(MACAddress(mac.description) == mac, "\(mac) is read again") }
  if let uuid = SystemUUID(text) { hold(SystemUUID(uuid.description) == uuid, "\(uuid) is read again") }
  if let time = Timestamp(rfc3339: text) { _ = time.description }
  if let time = Timestamp(text) { hold(Timestamp(time.description) == time, "\(time) is read again") }
  for comparison in QuantityComparison.all(in: text) ?? [] {
    hold(comparison.number.isFinite, "a quantity is a number")
  }
  _ = (AssetLocation(text), ProviderID(text), JSONPointer(text), TFTPName.normalized(text))
}

/// A first byte for whose file it is.
@Sendable func feedLeaseFile(_ bytes: [UInt8]) {
  let formats = LeaseFile.Format.allCases
  guard let first = bytes.first else { return }
  let format = formats[Int(first) % formats.count]
  let file = LeaseFile(parsing: Array(bytes.dropFirst()), as: format)
  let leases = file.entries.map(\.lease)
  hold(Set(leases.map(\.address)).count == leases.count, "an address has one lease")
  hold(leases.allSatisfy { !$0.client.isEmpty || $0.state == .declined }, "a lease is somebody's")
  let now = Timestamp(seconds: 0)
  let (text, leftOut) = LeaseFile.text(of: leases, as: format, now: now)
  let again = LeaseFile(parsing: Array(text.utf8), as: format)
  hold(again.problems.isEmpty, "what is written can be read")
  hold(again.entries.count + leftOut == leases.count, "what is written is all there")
  hold(again.entries.allSatisfy { leases.map(\.address).contains($0.lease.address) }, "and nothing else")
}

@Sendable func feedRegistration(_ bytes: [UInt8]) {
  guard let registration = try? JSONDecoder().decode(Registration.self, from: Data(bytes)),
    let uuid = try? registration.validated()
  else { return }
  let server = registration.server(replacing: nil, uuid: uuid, autoAccept: false)
  hold(!server.spec.accepted, "who registers is not accepted")
  let again = registration.server(replacing: server, uuid: uuid, autoAccept: true)
  hold(!again.spec.accepted, "who registers again is not accepted")
}
