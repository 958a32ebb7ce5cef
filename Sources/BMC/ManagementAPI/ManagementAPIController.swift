import AsyncHTTPClient
import BareMetal
import NIOCore
import NIOHTTP1

/// A machine behind Sidero's plain HTTP power interface, which virtual machines have (`spec.managementApi`).
///
/// `POST /poweron`, `/poweroff`, `/reboot` and `/pxeboot` (the next boot is from the network), all without a body, and
/// `GET /status`, which answers `{"PoweredOn": true}`. Success is 200, nothing else. Nobody is authenticated and nothing is
/// encrypted. What implements it (talosctl's QEMU provisioner) carries `/reboot` out by cutting the machine's power, so it is
/// a cycle and not a reset; it does not choose the firmware, so the mode of a boot override is what the machine has anyway.
struct ManagementAPIController: PowerController {
  /// An answer is a dozen bytes, or an error in words.
  static let maximumAnswerBytes = 64 << 10

  let origin: HTTPOrigin
  let exchange: HTTPExchange
  let turnstile: Turnstile

  private var name: String { exchange.name }

  func perform(_ request: BMCRequest) async throws(BMCFailure) -> BMCAnswer {
    switch request {
    case .powerStatus: return .power(try await status())
    case .power(let action, let waits):
      return try await turnstile.pass(name) { () async throws(BMCFailure) in
        .power(try await power(action, waits: waits))
      }
    case .setBoot(let override):
      guard override.device == .pxe, !override.isPersistent else {
        throw unsupported("can only boot from the network, and only the next time")
      }
      return try await turnstile.pass(name) { () async throws(BMCFailure) in
        if let loss = try await post("/pxeboot") { throw uncertain("the next boot is from the network", loss) }
        return .done
      }
    case .boot: throw unsupported("does not tell what the machine boots")
    case .identify, .information, .sensors, .eventLog, .clearEventLog, .inventory, .users:
      throw unsupported("only switches the machine")
    }
  }

  private func power(_ action: PowerAction, waits: Bool) async throws(BMCFailure) -> PowerState {
    switch action {
    case .on: return try await power("/poweron", until: .on, waits: waits)
    case .off: return try await power("/poweroff", until: .off, waits: waits)
    case .cycle:
      guard try await status() == .on else { return try await power("/poweron", until: .on, waits: waits) }
      if let loss = try await post("/reboot") { throw uncertain("the machine was restarted", loss) }
      return waits ? try await wait(for: .on) : .unknown
    case .reset: throw unsupported("has no reset: 'cycle' restarts the machine")
    case .soft: throw unsupported("cannot ask the operating system to shut down: 'off' cuts the power")
    }
  }

  /// On and off may be asked for twice; still, nothing is repeated before the state was looked at.
  private func power(_ path: String, until state: PowerState, waits: Bool) async throws(BMCFailure) -> PowerState {
    if try await status() == state { return state }
    if let loss = try await post(path) {
      let seen: PowerState
      do throws(BMCFailure) {
        seen = try await status()
      } catch {
        throw uncertain("the machine is \(state.rawValue)", loss)
      }
      if seen == state { return state }
      if let loss = try await post(path) { throw uncertain("the machine is \(state.rawValue)", loss) }
    }
    return waits ? try await wait(for: state) : .unknown
  }

  private func wait(for state: PowerState) async throws(BMCFailure) -> PowerState {
    let end = ContinuousClock.now.advanced(by: exchange.limits.switchTime)
    while ContinuousClock.now < end {
      if try await status() == state { return state }
      do { try await Task.sleep(for: exchange.limits.pollInterval) } catch {
        throw BMCFailure(.cancelled, "given up before the machine was seen to be \(state.rawValue)")
      }
    }
    throw BMCFailure(
      .timedOut,
      "\(name) confirmed, but the machine was not seen to be \(state.rawValue) within "
        + "\(exchange.limits.switchTime.components.seconds) seconds")
  }

  private func status() async throws(BMCFailure) -> PowerState {
    let request = HTTPClientRequest(url: origin.url("/status"))
    let answer: HTTPExchange.Answer
    do throws(HTTPExchange.Loss) {
      answer = try await exchange.send(request)
    } catch {
      guard error.isHangUp else { throw error.failure }
      // Looking changes nothing: once more, for a connection that was closed just then.
      do throws(HTTPExchange.Loss) { answer = try await exchange.send(request) } catch { throw error.failure }
    }
    guard answer.status == .ok else { throw refused(answer, "GET /status") }
    guard case .bool(let isOn)? = answer.json?["PoweredOn"] else {
      throw BMCFailure(
        .malformed, "\(name) does not answer /status with {\"PoweredOn\": true} or false: is it the right address?")
    }
    return isOn ? .on : .off
  }

  /// Asks once. Gives back what happened when it is not known whether it was carried out.
  private func post(_ path: String) async throws(BMCFailure) -> BMCFailure? {
    var request = HTTPClientRequest(url: origin.url(path))
    request.method = .POST
    do throws(HTTPExchange.Loss) {
      let answer = try await exchange.send(request)
      if answer.status == .ok { return nil }
      throw HTTPExchange.Loss(failure: refused(answer, "POST \(path)"), mayHaveArrived: false)
    } catch {
      guard error.mayHaveArrived, error.failure.kind != .cancelled else { throw error.failure }
      return error.failure
    }
  }

  private func refused(_ answer: HTTPExchange.Answer, _ request: String) -> BMCFailure {
    let text = HTTPOrigin.printable(String(buffer: answer.body))
    let reason = text.isEmpty ? "" : ": \(text)"
    if answer.status.code == 404 || answer.status.code == 405 {
      return BMCFailure(.misconfigured, "\(name) knows no \(request): it is not a Sidero management API")
    }
    return BMCFailure(.refused, "\(name) answered \(request) with \(answer.status)\(reason)")
  }

  private func unsupported(_ text: String) -> BMCFailure { BMCFailure(.unsupported, "Sidero's management API \(text)") }

  private func uncertain(_ what: String, _ cause: BMCFailure) -> BMCFailure {
    BMCFailure(.uncertain, "it is not known whether \(what): \(cause.message)")
  }
}
