/// Words for what sensors are, measure and say. IPMI v2.0 tables 42-2, 42-3 and 43-15: the common ones.
public enum SensorText {
  /// What a sensor is for, table 42-3: `temperature`, `fan`, …
  public static func type(_ code: UInt8) -> String {
    switch code {
    case 0x01: "temperature"
    case 0x02: "voltage"
    case 0x03: "current"
    case 0x04: "fan"
    case 0x05: "chassis intrusion"
    case 0x06: "security violation"
    case 0x07: "processor"
    case 0x08: "power supply"
    case 0x09: "power unit"
    case 0x0a: "cooling device"
    case 0x0b: "other"
    case 0x0c: "memory"
    case 0x0d: "drive slot"
    case 0x0e: "memory resize"
    case 0x0f: "system firmware"
    case 0x10: "event log"
    case 0x11, 0x23: "watchdog"
    case 0x12: "system event"
    case 0x13: "critical interrupt"
    case 0x14: "button"
    case 0x15: "module"
    case 0x16: "microcontroller"
    case 0x17: "add-in card"
    case 0x18: "chassis"
    case 0x19: "chip set"
    case 0x1a: "other FRU"
    case 0x1b: "cable"
    case 0x1c: "terminator"
    case 0x1d: "system start"
    case 0x1e: "boot error"
    case 0x1f: "operating system start"
    case 0x20: "operating system stop"
    case 0x21: "slot"
    case 0x22: "ACPI power state"
    case 0x24: "platform alert"
    case 0x25: "presence"
    case 0x26: "monitor"
    case 0x27: "LAN"
    case 0x28: "management subsystem"
    case 0x29: "battery"
    case 0x2a: "session audit"
    case 0x2b: "version change"
    case 0x2c: "FRU state"
    case 0xc0...: "OEM \(hexadecimal(code))"
    default: "type \(hexadecimal(code))"
    }
  }

  /// The sign of a unit, table 43-15; empty for none.
  public static func unit(_ code: UInt8, isPercentage: Bool = false) -> String {
    if isPercentage { return "%" }
    return switch code {
    case 0: ""
    case 1: "°C"
    case 2: "°F"
    case 3: "K"
    case 4: "V"
    case 5: "A"
    case 6: "W"
    case 7: "J"
    case 8: "C"
    case 9: "VA"
    case 14: "kPa"
    case 15: "psi"
    case 16: "N"
    case 17: "CFM"
    case 18: "RPM"
    case 19: "Hz"
    case 20: "µs"
    case 21: "ms"
    case 22: "s"
    case 23: "min"
    case 24: "h"
    case 25: "d"
    default: "unit \(code)"
    }
  }

  /// The states of a sensor that are asserted, as words; those without a word by number.
  public static func states(_ bits: UInt16, readingType: UInt8, sensorType: UInt8) -> [String] {
    (0..<15).filter { bits & 1 << $0 != 0 }.map {
      state($0, readingType: readingType, sensorType: sensorType) ?? "state \($0)"
    }
  }

  /// What a state says of the machine's health: states that are named as failures, and all others.
  static func health(_ bits: UInt16, readingType: UInt8, sensorType: UInt8) -> SensorState.Health {
    let (critical, warning): ([UInt16], [UInt16]) =
      switch (readingType, sensorType) {
      case (0x04, _), (0x05, _), (0x06, _): ([], [1])
      case (0x07, _): ([2, 3, 5, 6], [1, 4])
      case (0x0a, _): ([8], [6])
      case (0x0b, _): ([5], [1, 2, 3, 4, 6, 7])
      case (0x6f, 0x05): ([], [0, 1, 2, 3, 4, 5, 6])
      case (0x6f, 0x07): ([0, 1, 2, 3, 4, 5, 6, 11], [10, 12])
      case (0x6f, 0x08): ([1, 3, 4], [2, 5, 6])
      case (0x6f, 0x09): ([4, 5, 6], [7])
      case (0x6f, 0x0c): ([1, 10], [0, 2, 3, 5, 7])
      case (0x6f, 0x0d): ([1, 5, 6], [2, 7, 8])
      case (0x6f, 0x10): ([], [4, 5])
      case (0x6f, 0x13): ([0, 1, 2, 3, 4, 5, 8, 9, 10], [7, 11])
      case (0x6f, 0x19): ([1], [0])
      case (0x6f, 0x1b): ([], [1])
      case (0x6f, 0x21): ([0], [])
      case (0x6f, 0x28): ([], [0, 1, 2, 3, 4, 5])
      case (0x6f, 0x29): ([1], [0])
      default: ([], [])
      }
    func isAsserted(_ offset: UInt16) -> Bool { bits & 1 << offset != 0 }
    return critical.contains(where: isAsserted) ? .critical : warning.contains(where: isAsserted) ? .warning : .ok
  }

  /// One state, by its offset.
  public static func state(_ offset: Int, readingType: UInt8, sensorType: UInt8) -> String? {
    let words = readingType == 0x6f ? specific(sensorType) : generic(readingType)
    guard words.indices.contains(offset), !words[offset].isEmpty else { return nil }
    return words[offset]
  }

  /// Table 42-2: what a reading type says of whatever sensor. Offsets from 0; empty: not named.
  private static func generic(_ readingType: UInt8) -> [String] {
    switch readingType {
    case 0x01:
      [
        "lower non-critical, falling", "lower non-critical, rising", "lower critical, falling",
        "lower critical, rising", "lower non-recoverable, falling", "lower non-recoverable, rising",
        "upper non-critical, falling", "upper non-critical, rising", "upper critical, falling",
        "upper critical, rising", "upper non-recoverable, falling", "upper non-recoverable, rising",
      ]
    case 0x02: ["idle", "active", "busy"]
    case 0x03: ["deasserted", "asserted"]
    case 0x04: ["no failure predicted", "failure predicted"]
    case 0x05: ["limit not exceeded", "limit exceeded"]
    case 0x06: ["performance met", "performance lags"]
    case 0x07:
      [
        "ok", "non-critical, from ok", "critical, from less severe", "non-recoverable, from less severe",
        "non-critical, from more severe", "critical, from non-recoverable", "non-recoverable", "monitor",
        "informational",
      ]
    case 0x08: ["absent", "present"]
    case 0x09: ["disabled", "enabled"]
    case 0x0a:
      ["running", "in test", "power off", "on line", "off line", "off duty", "degraded", "power save", "install error"]
    case 0x0b:
      [
        "fully redundant", "redundancy lost", "redundancy degraded", "non-redundant, from redundant",
        "non-redundant, sufficient", "non-redundant, insufficient", "degraded from full redundancy",
        "degraded from non-redundant",
      ]
    case 0x0c: ["D0", "D1", "D2", "D3"]
    default: []
    }
  }

  /// Table 42-3: what sensors of a type with reading type 6Fh say.
  private static func specific(_ sensorType: UInt8) -> [String] {
    switch sensorType {
    case 0x05:
      [
        "chassis open", "drive bay open", "I/O card area open", "processor area open", "LAN cable lost",
        "docked wrongly",
        "fan area open",
      ]
    case 0x06:
      [
        "front panel lockout violated", "wrong user password", "wrong setup password", "wrong network boot password",
        "wrong boot password", "wrong out-of-band password",
      ]
    case 0x07:
      [
        "internal error", "thermal trip", "self-test failed", "hung in POST", "did not start", "configuration error",
        "uncorrectable machine check", "present", "disabled", "terminator present", "throttled",
        "machine check exception", "correctable machine check",
      ]
    case 0x08:
      [
        "present", "failed", "failure predicted", "input lost", "input lost or out of range", "input out of range",
        "configuration error", "inactive",
      ]
    case 0x09:
      [
        "off", "power cycle", "240 V off", "interlock off", "mains lost", "soft power failure", "power unit failed",
        "failure predicted",
      ]
    case 0x0c:
      [
        "correctable error", "uncorrectable error", "parity error", "scrub failed", "disabled",
        "correctable error limit reached", "present", "configuration error", "spare", "throttled",
        "critical temperature",
      ]
    case 0x0d:
      [
        "present", "fault", "failure predicted", "hot spare", "consistency check", "in critical array",
        "in failed array", "rebuilding", "rebuild aborted",
      ]
    case 0x0f: ["firmware error", "firmware hang", "firmware progress"]
    case 0x10:
      [
        "memory error logging off", "event type logging off", "log cleared", "all event logging off", "log full",
        "log almost full", "machine check logging off",
      ]
    case 0x11:
      [
        "firmware reset", "operating system reset", "operating system shut down", "power down", "power cycle",
        "diagnostic interrupt", "expired", "pre-timeout interrupt",
      ]
    case 0x12:
      [
        "reconfigured", "OEM boot event", "undetermined hardware failure", "entry in auxiliary log",
        "event filter action", "clock set",
      ]
    case 0x13:
      [
        "front panel NMI", "bus timeout", "I/O channel check NMI", "software NMI", "PCI PERR", "PCI SERR",
        "EISA fail safe timeout", "bus correctable error", "bus uncorrectable error", "fatal NMI", "bus fatal error",
        "bus degraded",
      ]
    case 0x14: ["power button", "sleep button", "reset button", "latch open", "service request"]
    case 0x19: ["soft power control failure", "thermal trip"]
    case 0x1b: ["connected", "connected wrongly"]
    case 0x1d:
      [
        "power up", "hard reset", "warm reset", "network boot requested", "automatic boot to diagnostics",
        "hard reset by software", "warm reset by software", "system restart",
      ]
    case 0x1e:
      ["nothing to boot", "disk not bootable", "no PXE server", "bad boot sector", "boot choice timed out"]
    case 0x1f:
      [
        "A: started", "C: started", "PXE started", "diagnostics started", "CD started", "ROM started", "started",
        "installation started", "installation completed", "installation aborted", "installation failed",
      ]
    case 0x20:
      [
        "stopped while loading", "stopped", "stopped in order", "shut down in order", "shut down by event filter",
        "agent does not answer",
      ]
    case 0x21:
      [
        "fault", "identify", "device present", "ready to install", "ready to remove", "power off", "removal requested",
        "interlock", "disabled", "spare",
      ]
    case 0x22:
      [
        "S0/G0 working", "S1 sleeping", "S2 sleeping", "S3 suspended to memory", "S4 suspended to disk",
        "S5/G2 soft off",
        "S4/S5 soft off", "G3 mechanical off", "sleeping", "G1 sleeping", "S5 by override", "legacy on", "legacy off",
        "", "unknown",
      ]
    case 0x23: ["expired", "hard reset", "power down", "power cycle", "", "", "", "", "pre-timeout interrupt"]
    case 0x24: ["page sent", "LAN alert sent", "event trap sent", "OEM trap sent"]
    case 0x25: ["present", "absent", "disabled"]
    case 0x27: ["heartbeat lost", "heartbeat"]
    case 0x28:
      [
        "sensor access degraded", "controller access degraded", "controller off line", "controller unavailable",
        "sensor failed",
        "FRU failed",
      ]
    case 0x29: ["low", "failed", "present"]
    case 0x2a: ["activated", "deactivated", "invalid user or password", "password tried too often"]
    case 0x2b:
      [
        "hardware change detected", "firmware change detected", "hardware incompatible", "firmware incompatible",
        "hardware unsupported", "firmware unsupported", "hardware changed", "firmware changed",
      ]
    case 0x2c:
      [
        "not installed", "inactive", "activation requested", "activating", "active", "deactivation requested",
        "deactivating", "communication lost",
      ]
    default: []
    }
  }

  private static func hexadecimal(_ code: UInt8) -> String {
    "0x\(code < 16 ? "0" : "")\(String(code, radix: 16))"
  }
}

extension SELRecord {
  /// What the record is about: `temperature 0x30`.
  public var subject: String {
    guard type < 0xc0 else { return "OEM record 0x\(String(type, radix: 16))" }
    return "\(SensorText.type(sensorType)) 0x\(String(sensorNumber, radix: 16))"
  }

  /// What happened, in a line.
  public var message: String {
    guard type < 0xc0 else {
      return vendorData.map { $0 < 16 ? "0\(String($0, radix: 16))" : String($0, radix: 16) }.joined()
    }
    let offset = Int((eventData.first ?? 0) & 0x0f)
    return SensorText.state(offset, readingType: eventType, sensorType: sensorType)
      ?? "event \(offset) of type 0x\(String(eventType, radix: 16))"
  }
}
