import BareMetal
import HummingbirdCore
import Wire

/// What iPXE says of its machine in `/ipxe`'s query, as far as it can be read. Sidero's rules: of the keys only `mac` is
/// read in any case, a repeated key counts the first time, a MAC that cannot be read is dropped.
struct ScriptQuery: Equatable {
  var uuid: SystemUUID?
  var mac: MACAddress?
  var architecture: BootArchitecture
  /// Whether ``IPXEScript/first`` asks, and not iPXE or a script that is not ours.
  var isFirstScript: Bool

  /// As our own first script asks for a machine.
  init(uuid: SystemUUID, mac: MACAddress?, architecture: BootArchitecture) {
    self.uuid = uuid
    self.mac = mac
    self.architecture = architecture
    isFirstScript = true
  }

  /// - Parameter uri: its query is no longer than ``BootPlane/Limits/queryBytes``.
  init(_ uri: URI) {
    let query = uri.queryParameters
    uuid = query["uuid"].flatMap { SystemUUID($0) }
    mac = query.first { $0.key.lowercased() == "mac" }.flatMap { MACAddress($0.value) }
    architecture = Self.architecture(arch: query["arch"], platform: query["platform"])
    isFirstScript = query["script"] == "first"
  }

  /// iPXE's `${buildarch}` is what iPXE was built for, not what the processor can do: `undionly.kpxe` says `i386` on
  /// every machine. So, as in Sidero, whatever is not `arm64` boots amd64.
  private static func architecture(arch: Substring?, platform: Substring?) -> BootArchitecture {
    switch (arch, platform) {
    case ("arm64", _): .uefiARM64
    case ("i386", "efi"): .uefiIA32
    case (_, "efi"): .uefiX64
    default: .bios
    }
  }
}
