import BareMetal
import HTTPTypes
import Hummingbird
import NIOCore

extension AdminAPI {
  /// `POST /leases`: takes leases over from another server.
  func adoptLeases(_ request: Request) async throws -> Response {
    var request = request
    let leases: [Lease] = try await request.json(limit: Limits.leases)
    guard let adopter else {
      return try .json(leases.map { LeaseAdoption(address: $0.address, refusal: "this host gives no addresses") })
    }
    return try .json(await adopter.adopt(leases))
  }
}
