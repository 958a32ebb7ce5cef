/// What a Server would be served, by the same code that serves it, without anything done: `siderite render`.
public struct RenderedBoot: Codable, Hashable, Sendable {
  /// What is offered to one kind of network-boot client.
  public struct Offer: Codable, Hashable, Sendable {
    /// `UEFI x86-64 PXE`
    public var client: String
    /// DHCP option 60.
    public var vendorClass: String?
    /// `siaddr` and option 66.
    public var nextServer: String?
    /// `file` and option 67: a file name or a URL.
    public var bootFile: String?
    /// Which rule decided.
    public var reason: String

    public init(client: String, reason: String) {
      self.client = client
      self.reason = reason
    }
  }

  /// What `/ipxe` answers.
  public struct Script: Codable, Hashable, Sendable {
    /// `bios`, `uefiX64`, …: those that get this one.
    public var architectures: [String]
    public var script: String?
    /// Of an Environment or the agent.
    public var kernelArguments: [String]?
    /// Why there is no script.
    public var problem: String?

    public init(architectures: [String]) { self.architectures = architectures }
  }

  public var server: String
  /// `Environment default`, `its disk`
  public var boots: String
  /// Which rule decided.
  public var reason: String
  public var offers: [Offer]
  public var scripts: [Script]
  /// Byte for byte what `/configdata` serves.
  public var configuration: String?
  /// What of it is not as it was before the patches, and whose doing that is.
  public var patchedFields: [PatchedField]?
  /// Why there is no configuration.
  public var configurationProblem: String?

  public init(server: String, boots: String, reason: String, offers: [Offer], scripts: [Script]) {
    self.server = server
    self.boots = boots
    self.reason = reason
    self.offers = offers
    self.scripts = scripts
  }
}
