import BareMetal
import Testing
import Wire

@Suite("What a machine boots")
struct BootPlannerTests {
  static let every = BootPlanner(files: Set(BootPlanner.programNames.values.joined()))

  @Test(
    "Firmware gets the preferred program of its architecture, by TFTP as by HTTP", arguments: BootArchitecture.allCases)
  func firmware(architecture: BootArchitecture) {
    for stage in [BootRequest.Stage.firmwareTFTP, .firmwareHTTP] {
      let plan = Self.every.plan(BootRequest(stage: stage, architecture: architecture), context: BootContext())
      #expect(plan.action == .program(BootPlanner.programNames[architecture]?.first ?? ""))
      #expect(plan.reason.contains(architecture.rawValue))
    }
  }

  @Test("Every architecture has names of programs")
  func names() { #expect(Set(BootPlanner.programNames.keys) == Set(BootArchitecture.allCases)) }

  @Test("The first program that is there is taken")
  func preference() {
    let planner = BootPlanner(files: ["ipxe.efi", "snp.efi", "readme"])
    #expect(planner.programs == [.uefiX64: "snp.efi"])
  }

  @Test("Firmware that no program is installed for gets silence, and the reason says what to do")
  func missing() {
    let plan = BootPlanner(files: ["snponly.efi"]).plan(
      BootRequest(stage: .firmwareTFTP, architecture: .bios), context: BootContext())
    #expect(plan.action == .silence)
    #expect(
      plan.reason
        == "no boot program for BIOS is installed: put undionly.kpxe into the directory bootFiles, and restart siderite"
    )
  }

  @Test("iPXE gets the script, never a program again: no boot loop", arguments: BootArchitecture.allCases)
  func ipxe(architecture: BootArchitecture) {
    for planner in [Self.every, BootPlanner(programs: [:])] {
      #expect(
        planner.plan(BootRequest(stage: .ipxe, architecture: architecture), context: BootContext()).action == .script)
    }
  }

  @Test(
    "An unknown machine boots the agent of its processor",
    arguments: [
      (.bios, "agent-amd64"), (.uefiX64, "agent-amd64"), (.uefiIA32, "agent-amd64"), (.uefiARM64, "agent-arm64"),
      (.uefiARM32, "agent-arm64"),
    ] as [(BootArchitecture, String)])
  func agent(architecture: BootArchitecture, environment: String) {
    let request = BootRequest(stage: .script, architecture: architecture, uuid: SystemUUID(high: 1, low: 2))
    let unknown = Self.every.plan(request, context: BootContext())
    #expect(unknown == BootPlan(action: .agent(environment), reason: "no Server of this UUID is known"))
  }

  @Test("The first script asks with everything iPXE knows of the machine")
  func firstScript() {
    #expect(
      IPXEScript.first == """
        #!ipxe
        echo Siderite: ${manufacturer} ${product}, ${uuid}
        chain --replace /ipxe?uuid=${uuid}&mac=${mac:hexhyp}&domain=${domain}&hostname=${hostname}\
        &serial=${serial:uristring}&arch=${buildarch}&platform=${platform}&script=first || goto failed
        :failed
        echo Siderite: no answer to what this machine should boot: see 'siderite boots' on the boot host
        sleep 10
        reboot

        """)
  }

  @Test("An Environment's script loads kernel and initramfs and reboots where that fails")
  func environmentScript() {
    #expect(
      IPXEScript.environment("agent-amd64", arguments: ["console=ttyS0", "panic=30"]) == """
        #!ipxe
        kernel /env/agent-amd64/vmlinuz console=ttyS0 panic=30 || goto failed
        initrd /env/agent-amd64/initramfs.xz || goto failed
        boot
        :failed
        echo Siderite: could not load Environment agent-amd64: see 'siderite boots' on the boot host
        sleep 10
        reboot

        """)
  }

  @Test("The agent is told its consoles, its network card and where to report")
  func arguments() {
    let mac = MACAddress(rawValue: 0x5254_0012_3456)
    #expect(
      KernelArguments.agent(mac: mac, endpoint: "10.0.0.1:8081") == [
        "console=tty0", "console=ttyS0", "initrd=initramfs.xz", "panic=30", "sidero.mac=52:54:00:12:34:56",
        "sidero.endpoint=10.0.0.1:8081",
      ])
    #expect(!KernelArguments.agent(mac: nil, endpoint: "e").contains { $0.hasPrefix("sidero.mac") })
  }

  @Test("Extra arguments replace those of the same key, all of them, and keep their order")
  func overrides() {
    #expect(
      KernelArguments.agent(mac: nil, endpoint: "e", overrides: ["console=ttyS1,115200", "quiet", "panic"]) == [
        "initrd=initramfs.xz", "sidero.endpoint=e", "console=ttyS1,115200", "quiet", "panic",
      ])
  }

  @Test("An Environment's own arguments stand; ours follow where it has none of that key")
  func environmentArguments() {
    let uuid = SystemUUID(high: 1, low: 2)
    let url = "talos.config=http://10.0.0.1:8081/configdata?uuid=\(uuid)&token=abc"
    #expect(
      KernelArguments.environment(
        own: ["console=ttyS0", "talos.platform=metal"], endpoint: "10.0.0.1:8081", uuid: uuid, token: "abc")
        == ["console=ttyS0", "talos.platform=metal", "initrd=initramfs.xz", url])
    #expect(
      KernelArguments.environment(
        own: ["initrd=other", "talos.config=none"], endpoint: "e", uuid: uuid, token: "abc",
        sideroLink: SideroLinkEndpoint(api: "10.0.0.1:8081", server: "fd00::1"))
        == [
          "initrd=other", "talos.config=none", "siderolink.api=10.0.0.1:8081",
          "talos.logging.kernel=tcp://[fd00::1]:4001", "talos.events.sink=[fd00::1]:4002",
        ])
    #expect(
      KernelArguments.environment(own: [], endpoint: "e", uuid: uuid, token: nil).last
        == "talos.config=http://e/configdata?uuid=\(uuid)")
  }

  @Test("To the disk: an error on UEFI, which else opens its boot manager; a plain end on BIOS; no script for a 404")
  func diskScripts() {
    #expect(IPXEScript.disk(.ipxeExit, isUEFI: true)?.hasSuffix("\nexit 1\n") == true)
    #expect(IPXEScript.disk(.ipxeExit, isUEFI: false)?.hasSuffix("\nexit\n") == true)
    #expect(IPXEScript.disk(.ipxeSanboot, isUEFI: false)?.contains("\nsanboot --no-describe --drive 0x80 ") == true)
    #expect(IPXEScript.disk(.http404, isUEFI: true) == nil)
  }
}
