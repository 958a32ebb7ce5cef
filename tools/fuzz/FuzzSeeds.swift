import FoundationEssentials
import Wire

/// What fuzzing begins with: the captured boots and sessions, cut into what each target takes.
struct FuzzSeeds {
  private var seeds: [String: [[UInt8]]] = [:]

  init(fixtures: String) throws {
    for name in try FileManager.default.subpathsOfDirectory(atPath: fixtures).sorted() where name.hasSuffix(".pcap") {
      try add(PCAPReader.frames(Array(Data(contentsOf: URL(filePath: fixtures + "/" + name)))))
    }
    seeds["dhcpv6-server"] = [FuzzSeeds.dhcpv6]
    for text in FuzzSeeds.texts { seeds[text.target, default: []].append(Array(text.text.utf8)) }
  }

  private mutating func add(_ frames: [PCAPReader.Frame]) {
    var requests: [[UInt8]] = []
    var answers: [[UInt8]] = []
    var fromBMC: [[UInt8]] = []
    for frame in frames {
      seeds["frame", default: []].append(frame.bytes)
      guard let (header, range) = try? UDPFrame.parse(frame.bytes.span) else { continue }
      let payload = Array(frame.bytes[range])
      switch (header.sourcePort, header.destinationPort) {
      case (_, 67), (_, 4011): requests.append(payload)
      case (_, 68): answers.append(payload)
      case (623, _): fromBMC.append(payload)
      case (_, 623): break
      default: seeds["tftp", default: []].append(payload)
      }
    }
    seeds["dhcp", default: []] += requests + answers
    seeds["ipmi-records", default: []] += fromBMC
    for (name, messages) in [("dhcp-server", requests), ("dhcp-client", answers), ("ipmi-session", fromBMC)]
    where !messages.isEmpty {
      seeds[name, default: []].append([0] + FuzzScript.messages(Array(messages.prefix(12))))
    }
  }

  /// A SOLICIT and a REQUEST as firmware makes them (RFC 8415 §8): client, one IA_NA, what it asks for and is.
  private static let dhcpv6: [UInt8] = {
    func option(_ code: UInt8, _ value: [UInt8]) -> [UInt8] { [0, code, 0, UInt8(value.count)] + value }
    let client = option(1, [0, 4] + [UInt8](repeating: 5, count: 16))
    let server = option(2, [0, 4] + [UInt8](repeating: 7, count: 16))
    let association = option(3, [1, 2, 3, 4] + [UInt8](repeating: 0, count: 8))
    let boot =
      option(6, [0, 59, 0, 60, 0, 23]) + option(61, [0, 7]) + option(16, [0, 0, 1, 87, 0, 9] + "PXEClient".utf8)
    return [UInt8(1), 3].flatMap { type in
      let head: [UInt8] = [type, 0xab, 0xcd, 0xef] + client + (type == 3 ? server : [])
      return FuzzScript.messages([head + association + boot]) + [2]
    }
  }()

  /// One file a seed.
  func write(to corpus: String) throws {
    for (target, inputs) in seeds {
      try FileManager.default.createDirectory(atPath: corpus + "/" + target, withIntermediateDirectories: true)
      for (number, input) in Set(inputs).sorted(by: { $0.lexicographicallyPrecedes($1) }).enumerated() {
        try Data(input).write(to: URL(filePath: "\(corpus)/\(target)/seed-\(number)"))
      }
    }
  }

  private static let texts: [(target: String, text: String)] = [
    ("json", #"{"a":[1,-2.5e3,true,false,null,"\u00fc\ud83d\ude00\n"],"b":{"":{}}}"#),
    (
      "json-patch",
      #"[{"op":"add","path":"/a/-","value":1},{"op":"move","from":"/a","path":"/b~1c"},{"op":"remove","path":"/d"},"#
        + #"{"op":"test","path":"","value":{}},{"op":"copy","from":"/a/0","path":"/e"},{"op":"replace","path":"/a","value":[]}]"#
        + "\0" + #"{"a":[1,2,{"x":"y"}],"d":"1"}"#
    ),
    (
      "lease-files",
      "\u{0}lease 10.0.0.5 { ends 5 2026/11/27 03:33:41; hardware ethernet 52:54:00:12:34:56; uid \"\\001\"; }"
    ),
    (
      "lease-files",
      "\u{1}address,hwaddr,client_id,valid_lifetime,expire,state\n10.0.0.5,52:54:00:12:34:56,,3600,1764210821,0\n"
    ),
    ("lease-files", "\u{2}1764210821 52:54:00:12:34:56 10.0.0.5 node1 01:52:54:00:12:34:56\n"),
    ("texts", "10.77.0.0/24"), ("texts", "52:54:00:12:34:56"), ("texts", "4c4c4544-0051-3610-8052-b4c04f4d3132"),
    ("texts", "2026-11-22T16:43:50Z"), ("texts", ">= 64 GiB, < 1 TiB"), ("texts", "sidero://namespace/name"),
    ("texts", "https://factory.example:8443/vmlinuz?a=b"), ("texts", "/a~0b/~1"), ("texts", "\\tftpboot\\ipxe.efi"),
    (
      "registration",
      #"{"hardware":{"system":{"uuid":"4c4c4544-0051-3610-8052-b4c04f4d3132","manufacturer":"M"},"storage":{"devices":["#
        + #"{"type":"NVMe","size":1000,"serialNumber":"S","deviceName":"/dev/nvme0n1"}]},"network":{"interfaces":["#
        + #"{"name":"eth0","mac":"52:54:00:12:34:56","addresses":["10.0.0.1"]}]}},"addresses":["10.0.0.1"],"bootMAC":"x"}"#
    ),
  ]
}
