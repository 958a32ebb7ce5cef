import BareMetal

/// Somebody's turn at a BMC: from when it waits until it has had all its answers. Confined to the event loop.
final class BMCTurn {
  enum State {
    case waiting
    case running
    case ended
  }

  let access: IPMIAccess
  let owner: BMCOwner
  var state = State.waiting

  /// Who is told that the turn has come, or why it will not.
  var granted: CheckedContinuation<BMCFailure?, Never>?

  /// Why the last step failed, where the step's own error cannot say.
  var explanation: BMCFailure?

  init(access: IPMIAccess, owner: BMCOwner) {
    self.access = access
    self.owner = owner
  }
}
