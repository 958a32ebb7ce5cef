import Glibc

/// What `Date` says (RFC 9110 §5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`
enum HTTPDate {
  static var now: String {
    var (now, parts) = (time(nil), tm())
    gmtime_r(&now, &parts)
    return String(unsafeUninitializedCapacity: 30) { bytes in
      bytes.withMemoryRebound(to: CChar.self) {
        strftime($0.baseAddress, $0.count, "%a, %d %b %Y %H:%M:%S GMT", &parts)
      }
    }
  }
}
