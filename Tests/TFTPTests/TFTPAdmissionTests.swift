import TFTP
import Testing

@Suite("TFTP admission")
struct TFTPAdmissionTests {
  private typealias Admission = TFTPAdmission<Int, String>
  private let start = ContinuousClock.now

  /// Clients' hosts: ten to each.
  private func admit(_ admission: inout Admission, _ client: Int, after time: Duration = .zero) -> Admission.Refusal? {
    admission.admit("session \(client)", from: client, of: client / 10 * 10, at: start + time)
  }

  private func begin(_ admission: inout Admission, after time: Duration = .zero) -> String? {
    switch admission.next(at: start + time) {
    case .begin(let session): session
    case .tooLate(let session): "\(session), too late"
    case nil: nil
    }
  }

  @Test("requests are begun in the order they came, as many as there is room for")
  func order() {
    var admission = Admission(limits: .init(transfers: 2))
    for client in [10, 20, 30] { #expect(admit(&admission, client) == nil) }
    #expect(begin(&admission) == "session 10")
    #expect(begin(&admission) == "session 20")
    #expect(begin(&admission) == nil)
    #expect(admission.openCount == 2)
    admission.end(10)
    #expect(begin(&admission) == "session 30")
    #expect(admission.session(of: 10) == nil)
    #expect(admission.session(of: 30) == "session 30")
  }

  @Test("one host gets its share and no more, until one of its transfers ends")
  func perHost() {
    var admission = Admission(limits: .init(transfersPerHost: 3))
    for client in 10...12 { #expect(admit(&admission, client) == nil) }
    #expect(admit(&admission, 13) == .tooManyOfHost)
    #expect(admit(&admission, 20) == nil)
    admission.end(11)
    #expect(admit(&admission, 13) == nil)
  }

  @Test("the queue is bounded, whoever asks")
  func queue() {
    var admission = Admission(limits: .init(waiting: 5))
    for client in 0..<5 { #expect(admit(&admission, client * 10) == nil) }
    #expect(admit(&admission, 90) == .queueFull)
    #expect(admission.waitingCount == 5)
    #expect(begin(&admission) != nil)
    #expect(admit(&admission, 90) == nil)
  }

  @Test("a request that waited too long is not begun, and counts until it is ended")
  func late() {
    var admission = Admission(limits: .init(longestWait: .seconds(10)))
    #expect(admit(&admission, 10) == nil)
    #expect(begin(&admission, after: .seconds(10)) == "session 10, too late")
    admission.end(10)
    #expect(admission.count == 0)
    #expect(admission.openCount == 0)
  }

  @Test("a client's later request takes the place of its earlier one")
  func superseded() {
    var admission = Admission(limits: .init(transfers: 1))
    #expect(admit(&admission, 10) == nil)
    #expect(admission.admit("again", from: 10, of: 10, at: start) == nil)
    #expect(admission.count == 1)
    #expect(begin(&admission) == "again")
    #expect(begin(&admission) == nil)
    admission.end(10)
    #expect(admission.openCount == 0)
  }

  @Test("what came and went leaves nothing behind")
  func empty() {
    var admission = Admission(limits: .init())
    for client in 0..<1000 {
      #expect(admit(&admission, client) == nil)
      if client % 3 == 0 { _ = begin(&admission) }
      admission.end(client)
    }
    #expect(admission.count == 0)
    #expect(admission.openCount == 0)
    while begin(&admission) != nil {}
    #expect(admission.waitingCount == 0)
    for client in 0..<10 { #expect(admit(&admission, client) == nil) }
  }

  @Test("a client is told when the server gives its transfer up, and not when it did so itself")
  func farewell() {
    #expect(TFTPFailure.timedOut.farewell == .error(.undefined, message: "timed out"))
    #expect(TFTPFailure.shutDown.farewell != nil)
    #expect(TFTPFailure.abandoned(.undefined, message: "").farewell == nil)
    #expect(TFTPFailure.unreachable.farewell == nil)
    #expect(TFTPFailure.superseded.farewell == nil)
  }
}
