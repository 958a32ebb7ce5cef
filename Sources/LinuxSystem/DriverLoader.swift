internal import CLinux
internal import Glibc

/// Loads the modules that the machine's devices ask for, as udev does with `modprobe $MODALIAS`.
public struct DriverLoader: ~Copyable {
  private let directory: String
  private let index: ModuleIndex
  private var seenDevices = Set<String>()
  private var triedFiles = Set<String>()

  private var failures = [SystemError]()

  /// Reads the index of the running kernel's modules; without one there is nothing to load.
  public init() throws(SystemError) {
    let release = Attribute.text("/proc/sys/kernel/osrelease") ?? ""
    try self.init(directory: "/lib/modules/\(release)")
  }

  init(directory: String) throws(SystemError) {
    self.directory = directory
    func text(_ name: String) throws(SystemError) -> String {
      String(decoding: try FileDescriptor.contents(of: "\(directory)/\(name)", limit: 16 << 20) ?? [], as: UTF8.self)
    }
    index = ModuleIndex(
      dependencies: try text("modules.dep"), aliases: try text("modules.alias"),
      softDependencies: try text("modules.softdep"))
  }

  /// Loads modules for every device on every bus until no new device shows up. Returns the modules' files.
  ///
  /// Devices that take their time (disks behind a controller) show up later: call it again.
  public mutating func coldplug(buses: String = "/sys/bus") throws(SystemError) -> [String] {
    var loaded = [String]()
    while true {
      let devices = try newDevices(buses: buses)
      if devices.isEmpty { return loaded }
      for device in devices {
        for module in index.modules(forDevice: device) { loaded += load(module) }
      }
    }
  }

  /// What would not load since the last call, with the reason: firmware that is missing, hardware that is broken.
  public mutating func takeFailures() -> [SystemError] {
    defer { failures = [] }
    return failures
  }

  /// Loads a module by name with all it needs. Returns the files loaded now.
  public mutating func load(_ module: String) -> [String] {
    var loaded = [String]()
    for path in index.loadOrder(of: module) where triedFiles.insert(path).inserted {
      do {
        let file = try FileDescriptor.openForReading("\(directory)/\(path)")
        try systemCall("finit_module", path) { clinux_finit_module(file.rawValue, "", 0) }
        loaded.append(path)
      } catch {
        // EEXIST: loaded already, or part of the kernel. ENODEV: the hardware it is for is not there after all.
        if error.code != EEXIST, error.code != ENODEV { failures.append(error) }
      }
    }
    return loaded
  }

  private mutating func newDevices(buses: String) throws(SystemError) -> [String] {
    var devices = [String]()
    for bus in try Directory.names(in: buses) {
      for device in try Directory.names(in: "\(buses)/\(bus)/devices") {
        guard let modalias = Self.modalias(of: "\(buses)/\(bus)/devices/\(device)"),
          seenDevices.insert(modalias).inserted
        else { continue }
        devices.append(modalias)
      }
    }
    return devices
  }

  /// What the device says of itself, from the event that udev would get: SD cards have no `modalias` attribute.
  private static func modalias(of device: String) -> String? {
    guard let event = (try? FileDescriptor.contents(of: "\(device)/uevent", limit: 8192)) ?? nil else { return nil }
    let line = String(decoding: event, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("MODALIAS=") }
    return line.map { String($0.dropFirst(9)) }
  }
}
