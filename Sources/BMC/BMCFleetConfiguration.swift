/// Limits of a ``BMCFleet``.
public struct BMCFleetConfiguration: Sendable {
  /// BMCs asked at a time; others wait in order. IPMI costs a few kB each, the limit spares the network: so many
  /// answers fit the receive buffer at once.
  public var concurrency = 1024

  /// Requests that wait for one BMC. It answers one at a time, some take a minute: one more is refused as busy.
  public var queuePerBMC = 32

  /// Requests that wait for any BMC.
  public var queue = 65_536

  /// BMCs of which anything is remembered. Idle ones are forgotten, longest unused first.
  public var mostBMCs = 16_384

  /// A session that nobody used for so long is closed: BMCs have about four, and people need one too.
  public var idleTimeout: Duration = .seconds(60)

  /// A password that was wrong is not tried again on that BMC for so long, unless it changes: BMCs lock accounts.
  public var lockoutTime: Duration = .seconds(1800)

  /// How long the first attempt of anything waits for a BMC that is not known yet; each further one waits longer.
  public var firstTimeout: Duration = .milliseconds(400)

  /// The longest wait of one attempt. What must not be repeated waits twice as long before it counts as unanswered.
  public var longestTimeout: Duration = .seconds(4)

  /// How often anything is sent before the BMC counts as unreachable.
  public var attempts = 7

  /// How long a BMC that answered a moment ago is asked on, beyond the attempts: some stand still for seconds while they
  /// write their flash memory.
  public var patience: Duration = .seconds(8)

  /// How often a BMC whose sessions are all taken is asked again.
  public var exhaustedRetries = 3

  /// The wait before the first login after a failed one, and between attempts at a BMC whose sessions are taken;
  /// doubled each time.
  public var retryDelay: Duration = .seconds(1)

  /// Consoles open at a time: each has a socket of its own.
  public var mostConsoles = 64

  /// The longest that ``BMCFleet/close()`` waits for BMCs to confirm.
  public var closeTimeout: Duration = .seconds(3)

  public init() {}
}
