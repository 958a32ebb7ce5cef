/// An Ethernet frame that carries an IPv4 UDP datagram: what the DHCP server reads and writes below the socket layer,
/// because clients without an address cannot be reached through it.
///
/// ```
/// | Ethernet II: dst(6) src(6) 0800 | IPv4 (RFC 791) 20…60 | UDP (RFC 768) 8 | payload |
/// ```
/// All fields are in network order. 802.1Q tags are not read: the capture filter delivers untagged frames only.
public struct UDPFrame: Hashable, Sendable {
  public var destinationMAC: MACAddress
  public var sourceMAC: MACAddress
  public var source: IPv4Address
  public var destination: IPv4Address
  public var sourcePort: UInt16
  public var destinationPort: UInt16

  public init(
    destinationMAC: MACAddress, sourceMAC: MACAddress, source: IPv4Address, destination: IPv4Address,
    sourcePort: UInt16, destinationPort: UInt16
  ) {
    self.destinationMAC = destinationMAC
    self.sourceMAC = sourceMAC
    self.source = source
    self.destination = destination
    self.sourcePort = sourcePort
    self.destinationPort = destinationPort
  }

  /// Reads the headers and says where the payload stands in `bytes`.
  ///
  /// Padding that Ethernet adds behind a short datagram is left out. The IPv4 header's checksum is verified; UDP's is
  /// not: frames between virtual machines of one host come with it unfinished (checksum offload).
  public static func parse(_ bytes: Span<UInt8>) throws(UDPFrameError) -> (frame: UDPFrame, payload: Range<Int>) {
    do {
      return try parseHeaders(bytes)
    } catch let error as UDPFrameError {
      throw error
    } catch let error as WireError {
      throw .truncated(error)
    } catch {
      throw .notUDP
    }
  }

  private static func parseHeaders(_ bytes: Span<UInt8>) throws -> (frame: UDPFrame, payload: Range<Int>) {
    var offset = 0
    let destinationMAC = try bytes.readMACAddress(at: &offset)
    let sourceMAC = try bytes.readMACAddress(at: &offset)
    guard try bytes.readUInt16(at: &offset) == 0x0800 else { throw UDPFrameError.notIPv4 }

    let ipStart = offset
    let versionAndLength = try bytes.readUInt8(at: &offset)
    guard versionAndLength >> 4 == 4 else { throw UDPFrameError.notIPv4 }
    let headerLength = Int(versionAndLength & 0xf) * 4
    guard headerLength >= 20 else { throw UDPFrameError.badLength }
    offset = ipStart
    let header = bytes.extracting(try bytes.readRange(headerLength, at: &offset))
    var checksum = InternetChecksum()
    checksum.add(header)
    guard checksum.value == 0 else { throw UDPFrameError.badChecksum }

    var field = 2
    let totalLength = Int(try header.readUInt16(at: &field))
    field = 6
    let fragment = try header.readUInt16(at: &field)
    guard fragment & 0x3fff == 0 else { throw UDPFrameError.fragment }
    field = 9
    guard try header.readUInt8(at: &field) == 17 else { throw UDPFrameError.notUDP }
    field = 12
    let source = try header.readIPv4Address(at: &field)
    let destination = try header.readIPv4Address(at: &field)

    let sourcePort = try bytes.readUInt16(at: &offset)
    let destinationPort = try bytes.readUInt16(at: &offset)
    let udpLength = Int(try bytes.readUInt16(at: &offset))
    _ = try bytes.readUInt16(at: &offset)
    guard udpLength >= 8, udpLength <= totalLength - headerLength else { throw UDPFrameError.badLength }
    let payload = try bytes.readRange(udpLength - 8, at: &offset)
    let frame = UDPFrame(
      destinationMAC: destinationMAC, sourceMAC: sourceMAC, source: source, destination: destination,
      sourcePort: sourcePort, destinationPort: destinationPort)
    return (frame, payload)
  }

  /// Appends the whole frame: headers with correct lengths and checksums, then `payload`.
  ///
  /// Time to live 64 (some relays and switches drop less), "don't fragment" unset, as DHCP servers send.
  /// `payload` must fit the 65 507 bytes UDP can carry; a longer one throws ``UDPFrameError/badLength``.
  public func serialize(payload: Span<UInt8>, into bytes: inout [UInt8]) throws(UDPFrameError) {
    guard payload.count <= 65_507 else { throw .badLength }
    let udpLength = UInt16(8 + payload.count)
    let totalLength = 20 + udpLength
    bytes.reserveCapacity(bytes.count + 14 + Int(totalLength))

    bytes.append(destinationMAC)
    bytes.append(sourceMAC)
    bytes.append(bigEndian: UInt16(0x0800))

    let versionAndLength: UInt16 = 0x4500
    let timeToLiveAndProtocol: UInt16 = 64 << 8 | 17
    var headerSum = InternetChecksum()
    headerSum.add(versionAndLength)
    headerSum.add(totalLength)
    headerSum.add(timeToLiveAndProtocol)
    headerSum.add(source)
    headerSum.add(destination)
    bytes.append(bigEndian: versionAndLength)
    bytes.append(bigEndian: totalLength)
    bytes.append(bigEndian: UInt32(0))
    bytes.append(bigEndian: timeToLiveAndProtocol)
    bytes.append(bigEndian: headerSum.value)
    bytes.append(source)
    bytes.append(destination)

    var sum = InternetChecksum()
    sum.add(source)
    sum.add(destination)
    sum.add(17)
    sum.add(udpLength)
    sum.add(sourcePort)
    sum.add(destinationPort)
    sum.add(udpLength)
    sum.add(payload)
    bytes.append(bigEndian: sourcePort)
    bytes.append(bigEndian: destinationPort)
    bytes.append(bigEndian: udpLength)
    bytes.append(bigEndian: sum.value == 0 ? 0xffff : sum.value)
    bytes.append(contentsOf: payload)
  }
}

/// Why a frame was not taken as a UDP datagram.
public enum UDPFrameError: Error, Equatable, Sendable {
  case truncated(WireError)
  case notIPv4
  case notUDP
  case fragment
  case badLength
  case badChecksum
}
