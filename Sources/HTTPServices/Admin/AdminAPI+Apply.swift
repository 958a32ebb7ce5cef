import BareMetal
import HTTPTypes
import Hummingbird

extension AdminAPI {
  /// Problems that are told at once; nobody reads more.
  private static let causesAtMost = 1000

  /// `POST /apply`: looks at everything, and applies it one after the other if nothing is wrong with any.
  func apply(_ request: Request) async throws -> Response {
    var request = request
    let order: ApplyOrder = try await request.json(limit: Limits.apply)
    var options = ResourceOptions(by: Self.who(order.by))
    options.ignoresUnknown = order.ignoreUnknown ?? false
    let steps = try await checked(order.objects, options)
    options.isDryRun = order.dryRun ?? false
    return stream(nil) { [editor, options] write in
      // All of it was looked at, so all of it is applied, though whoever asked has left.
      var isHeard = true
      for step in steps {
        let outcome = await step.run(editor, options)
        guard isHeard else { continue }
        do { try await write(outcome) } catch { isHeard = false }
      }
    }
  }

  /// - Throws: ``Refusal`` with everything that is wrong with any of the objects.
  private func checked(_ objects: [JSONValue], _ options: ResourceOptions) async throws -> [ApplyStep] {
    var (steps, causes): ([ApplyStep], [Refusal.Cause]) = ([], [])
    var places: [String: Int] = [:]
    var options = options
    options.isDryRun = true
    for (index, object) in objects.enumerated() where causes.count < Self.causesAtMost {
      let place = "objects[\(index)]"
      do {
        let step = try ApplyStep(index: index, object)
        if let other = places.updateValue(index, forKey: step.identity) {
          throw Refusal(.unprocessableContent, "the same object as objects[\(other)]")
        }
        _ = try await step.apply(editor, options)
        steps.append(step)
      } catch let refusal as Refusal {
        causes +=
          refusal.causes.isEmpty
          ? [Refusal.Cause(field: place, message: refusal.reason)]
          : refusal.causes.map { Refusal.Cause(field: "\(place).\($0.field)", message: $0.message) }
      }
    }
    guard causes.isEmpty else {
      throw Refusal(
        .unprocessableContent, "nothing was applied: \(causes.count == 1 ? "1 problem" : "\(causes.count) problems")",
        causes: causes)
    }
    return steps
  }
}

/// One object of an order, by its kind.
private struct ApplyStep: Sendable {
  let index: Int
  /// Kind and name.
  let identity: String
  private let name: String
  private let kind: any ManifestKind.Type
  private let object: JSONValue

  init(index: Int, _ object: JSONValue) throws(Refusal) {
    self.index = index
    self.object = object
    kind = try ManifestReader.kind(of: object)
    name = object.key(of: kind) ?? ""
    identity = "\(kind.kind)/\(name)"
  }

  func apply(_ editor: ResourceEditor, _ options: ResourceOptions) async throws -> AppliedObject {
    var applied = try await editor.apply(kind, object, options)
    applied.index = index
    return applied
  }

  /// Applies it; that it could not be done is an answer, too, after others were done.
  func run(_ editor: ResourceEditor, _ options: ResourceOptions) async -> AppliedObject {
    do {
      return try await apply(editor, options)
    } catch {
      let refusal = (error as? Refusal) ?? (error as? StoreError).map { Refusal($0) }
      return AppliedObject(
        index: index, kind: kind.kind, name: name, outcome: .failed,
        message: refusal?.reason ?? "internal error: see the log of the boot host")
    }
  }
}
