import BareMetal
import Wire

/// How a value is written: what a person is told to write, and how it is read.
struct ConfigurationForm<Value> {
  var expected: String
  var read: (String) -> Value?
}

extension ConfigurationForm where Value == String {
  static var text: Self { Self(expected: "a text of 1 to 255 characters") { (1...255).contains($0.count) ? $0 : nil } }

  static var absolutePath: Self {
    Self(expected: "an absolute path") { $0.hasPrefix("/") && !$0.utf8.contains(0) ? $0 : nil }
  }

  /// An IPv4 address or a DNS name, without a port.
  static var host: Self {
    Self(expected: "an address or a name such as 10.0.0.1 or boot-1.example.net") {
      ResourceName.isValid($0) ? $0 : nil
    }
  }

  /// IFNAMSIZ leaves 15 bytes.
  static var interfaceName: Self {
    Self(expected: "a network interface's name, such as eth0") { name in
      (1...15).contains(name.utf8.count) && !name.contains("/") && !name.contains(" ") ? name : nil
    }
  }
}

extension ConfigurationForm where Value == Configuration.Cluster.Access {
  /// A kubeconfig's path, or `in-cluster`.
  static var clusterAccess: Self {
    Self(expected: "an absolute path of a kubeconfig, or in-cluster") { text in
      text == "in-cluster"
        ? .inCluster : ConfigurationForm<String>.absolutePath.read(text).map { .file($0) }
    }
  }
}

extension ConfigurationForm where Value == String {
  /// As a label's value, for people select by it: RFC 1123 §2.1.
  static var hostName: Self {
    Self(expected: "a host name of at most 63 letters, digits, - and .") { text in
      text.utf8.count <= 63 && ResourceName.isValid(text) ? text : nil
    }
  }
}

extension ConfigurationForm where Value == Bool {
  static var flag: Self { Self(expected: "true or false") { ["true": true, "false": false][$0] } }
}

extension ConfigurationForm where Value == UInt16 {
  static var port: Self { Self(expected: "a port, 1 to 65535") { UInt16($0).flatMap { $0 > 0 ? $0 : nil } } }
}

extension ConfigurationForm where Value == UInt32 {
  /// `90s`, `10m`, `12h`, `7d`, or a bare number of seconds.
  static var seconds: Self { seconds(60...31_536_000, "a time from 60s to 365d, such as 90s, 10m, 12h or 7d") }

  /// As ``seconds``, for what may be short.
  static var shortSeconds: Self { seconds(1...3600, "a time from 1s to 1h, such as 30s or 5m") }

  private static func seconds(_ range: ClosedRange<UInt32>, _ expected: String) -> Self {
    Self(expected: expected) { text in
      let units: [Character: UInt32] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
      let unit = text.last.flatMap { units[$0] }
      guard let count = UInt32(unit == nil ? text[...] : text.dropLast()) else { return nil }
      let (seconds, overflow) = count.multipliedReportingOverflow(by: unit ?? 1)
      return !overflow && range.contains(seconds) ? seconds : nil
    }
  }
}

extension ConfigurationForm where Value == UInt32? {
  /// As ``ConfigurationForm/seconds``, or `off`.
  static var secondsOrOff: Self {
    Self(expected: "off, or \(ConfigurationForm<UInt32>.seconds.expected)") { text in
      text == "off" ? .some(nil) : ConfigurationForm<UInt32>.seconds.read(text).map { .some($0) }
    }
  }
}

extension ConfigurationForm where Value == Int? {
  /// Messages a second, or `off`.
  static var rateOrOff: Self {
    Self(expected: "off, or a number of messages a second, 1 to 1000") { text in
      text == "off" ? .some(nil) : Int(text).flatMap { (1...1000).contains($0) ? .some($0) : nil }
    }
  }
}

extension ConfigurationForm where Value == UInt64 {
  /// `20GiB`, `500 MB`, or a bare number of bytes; at least 1 MiB.
  static var bytes: Self {
    Self(expected: "a size of at least 1MiB, such as 500MB or 20GiB") { text in
      let units: [String: UInt64] = [
        "": 1, "KB": 1000, "MB": 1_000_000, "GB": 1_000_000_000, "TB": 1_000_000_000_000,
        "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
      ]
      let digits = text.prefix { $0.isASCII && $0.isNumber }
      guard let count = UInt64(digits), let unit = units[String(text.dropFirst(digits.count).drop { $0 == " " })] else {
        return nil
      }
      let (bytes, overflow) = count.multipliedReportingOverflow(by: unit)
      return !overflow && bytes >= 1 << 20 ? bytes : nil
    }
  }
}

extension ConfigurationForm where Value == MACPrefix {
  static var hardwareAddressPrefix: Self {
    Self(
      expected: "a hardware address or its first bytes, such as 52:54:00:12:34:56 or 52:54:00 (in quotes), or any"
    ) { MACPrefix($0) }
  }
}

extension ConfigurationForm where Value == IPv4Address {
  static var address: Self { Self(expected: "an IPv4 address") { IPv4Address($0) } }
}

extension ConfigurationForm where Value == IPv6Address {
  static var ipv6Address: Self {
    Self(expected: "an IPv6 address such as fd77::1") { text in
      IPv6Address(text).flatMap { $0.isMulticast || $0.isUnspecified || $0.isLinkLocal ? nil : $0 }
    }
  }
}

extension ConfigurationForm where Value == ClosedRange<IPv6Address> {
  /// `fd77::1:0-fd77::1:ffff`
  static var ipv6Range: Self {
    Self(expected: "a range of addresses, first-last, such as fd77::1:0-fd77::1:ffff") { text in
      let ends = text.split(separator: "-", omittingEmptySubsequences: false)
        .map { IPv6Address($0.drop { $0 == " " }.prefix { $0 != " " }) }
      guard ends.count == 2, let first = ends[0], let last = ends[1], first <= last else { return nil }
      return first...last
    }
  }
}

extension ConfigurationForm where Value == IPv4Prefix {
  static var network: Self { Self(expected: "a network such as 10.1.0.0/24, host bits zero") { IPv4Prefix($0) } }
}

extension ConfigurationForm where Value == MACAddress {
  static var hardwareAddress: Self {
    Self(expected: "a hardware address such as 52:54:00:12:34:56") { text in
      MACAddress(text).flatMap { $0.isMulticast ? nil : $0 }
    }
  }
}

extension ConfigurationForm where Value == ClosedRange<IPv4Address> {
  /// `10.0.0.100-10.0.0.199`
  static var addressRange: Self {
    Self(expected: "a range of addresses, first-last, such as 10.0.0.100-10.0.0.199") { text in
      let ends = text.split(separator: "-", omittingEmptySubsequences: false)
        .map { IPv4Address($0.drop { $0 == " " }.prefix { $0 != " " }) }
      guard ends.count == 2, let first = ends[0], let last = ends[1], first <= last else { return nil }
      return first...last
    }
  }
}

extension ConfigurationForm where Value == Configuration.HealthAddress {
  /// `10.0.0.1:9440`, or `:9440` for every address.
  static var healthAddress: Self {
    Self(expected: "an address and port such as 10.0.0.1:9440, or :9440") { text in
      let parts = text.split(separator: ":", omittingEmptySubsequences: false)
      guard parts.count == 2, let port = UInt16(parts[1]), port > 0,
        let address = parts[0].isEmpty ? .any : IPv4Address(parts[0])
      else { return nil }
      return Configuration.HealthAddress(address: address, port: port)
    }
  }
}

extension ConfigurationForm where Value == [String] {
  /// Words separated by spaces; `-` is none, as Sidero's manifests write it.
  static var words: Self {
    Self(expected: "words separated by spaces") { text in
      text == "-" ? [] : text.split(separator: " ").map { String($0) }
    }
  }
}

extension ConfigurationForm where Value: RawRepresentable<String> & CaseIterable {
  static var choice: Self {
    let names = Value.allCases.map(\.rawValue)
    return Self(expected: "one of \(names.joined(separator: ", "))") { Value(rawValue: $0) }
  }
}
