import Testing
import Wire

@testable import HTTPServices

@Suite("Endpoints")
struct EndpointTests {
  @Test(
    "an endpoint is read with and without its port, IPv6 in brackets, and written so that it is read again",
    arguments: [
      ("10.0.0.1:8081", "10.0.0.1:8081"), ("10.0.0.1", "10.0.0.1:80"), ("[fd77::1]:8081", "[fd77::1]:8081"),
      ("[FD77:0::1]", "[fd77::1]:80"),
    ])
  func read(text: String, written: String) {
    let endpoint = Endpoint(text, defaultPort: 80)
    #expect(endpoint?.description == written)
    #expect(Endpoint(written, defaultPort: 1) == endpoint)
  }

  @Test(
    "anything else is none: it ends up in a kernel command line",
    arguments: [
      "", "boot.example:80", "10.0.0.1:", "10.0.0.1:0", "10.0.0.1:65536", "10.0.0.1:+80", "10.0.0.1:80:80", "fd77::1",
      "fd77::1:8081", "[fd77::1", "[fd77::1]8081", "[fd77::1]:", "[fd77::1]:x", "[10.0.0.1]:80", "[fe80::1%eth0]:80",
      "[::1]:80 panic=1", "[::1]]:80",
    ])
  func nonsense(text: String) { #expect(Endpoint(text, defaultPort: 80) == nil) }
}
