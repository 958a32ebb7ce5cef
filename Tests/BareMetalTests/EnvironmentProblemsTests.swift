import BareMetal
import Testing

@Suite("An Environment's spec")
struct EnvironmentProblemsTests {
  static let digest = String(repeating: "0f", count: 64)

  @Test("Sidero's own shape has no problem, and neither has the default Environment")
  func accepted() {
    var environment = Environment(metadata: ObjectMeta(name: "custom"), spec: EnvironmentSpec())
    environment.spec.kernel = KernelSource(
      url: "https://github.com/siderolabs/talos/releases/download/v1.9.0/vmlinuz-amd64", sha512: "",
      args: ["console=tty0", "slab_nomerge=", "talos.config=http://10.0.0.1:9091/configdata?uuid="])
    environment.spec.initrd = AssetSource(
      url: "http://[2001:db8::1]:8080/initramfs.xz", sha512: Self.digest.uppercased())
    #expect(environment.problems() == [])
    #expect(Environment.standard().problems() == [])
    #expect(Environment(metadata: ObjectMeta(name: "empty"), spec: EnvironmentSpec()).problems() == [])
  }

  @Test("Every problem at once, each with its path")
  func all() {
    let spec = EnvironmentSpec(
      kernel: KernelSource(
        url: "ftp://mirror/vmlinuz", sha512: "abc",
        args: ["console=tty0", "two words", "", "tab\t", "escape\u{1b}[2J", "line\nbreak", "||"]),
      initrd: AssetSource(url: nil, sha512: Self.digest),
      architectures: [
        "arm64": EnvironmentFiles(kernel: KernelSource(url: "file://relative/vmlinuz")),
        "amd64": EnvironmentFiles(), "riscv64": EnvironmentFiles(initrd: AssetSource(url: "https:///initramfs")),
      ])
    let problems = Environment(metadata: ObjectMeta(name: "agent-arm64"), spec: spec).problems()
    #expect(
      problems.map(\.path) == [
        "metadata.name", "spec.kernel.url", "spec.kernel.sha512", "spec.kernel.args[1]", "spec.kernel.args[2]",
        "spec.kernel.args[3]", "spec.kernel.args[4]", "spec.kernel.args[5]", "spec.kernel.args[6]",
        "spec.initrd.sha512", "spec.architectures.amd64", "spec.architectures.arm64.kernel.url",
        "spec.architectures.riscv64", "spec.architectures.riscv64.initrd.url",
      ])
    #expect(problems.allSatisfy { PlainText.isPlain($0.message) && !$0.message.isEmpty })
  }

  @Test("A command line longer than the kernel's is told")
  func tooLong() {
    let arguments = (0..<300).map { "argument=\($0)" }
    let spec = EnvironmentSpec(kernel: KernelSource(url: "http://a/k", args: arguments))
    #expect(spec.problems().map(\.path) == ["spec.kernel.args"])
  }

  @Test(
    "What a URL says",
    arguments: [
      ("http://10.0.0.1/vmlinuz", AssetLocation.web("http://10.0.0.1/vmlinuz")),
      ("HTTPS://host:8443/a?b=c", .web("HTTPS://host:8443/a?b=c")),
      ("http://[2001:db8::7]:80/k", .web("http://[2001:db8::7]:80/k")),
      ("file:///srv/talos/vmlinuz", .file(path: "/srv/talos/vmlinuz")),
      ("file://localhost/srv/k", .file(path: "/srv/k")), ("file:///srv/a%20b%C3%A4", .file(path: "/srv/a bä")),
    ])
  func location(_ url: String, _ expected: AssetLocation) {
    #expect(AssetLocation(url) == expected)
    #expect(AssetLocation.problem(of: url) == nil)
  }

  @Test(
    "What is no URL that can be fetched",
    arguments: [
      "", "vmlinuz", "/srv/vmlinuz", "http:", "http:/host/k", "http://", "http:///k", "http://:80/k", "http://[]/k",
      "http://user:secret@host/k", "http://host:0/k", "http://host:65536/k", "http://host:x/k", "http://host:/k",
      "https://host/a b", "https://host/\u{7}", "https://höst/k", "ftp://host/k", "tftp://host/k", "data://x",
      "file://host/srv/k", "file://", "file:///", "file:///srv/", "file:///a%0", "file:///a%zz", "file:///a%00b",
      "file:///%ff", "http://host/" + String(repeating: "a", count: 2000),
    ])
  func noLocation(_ url: String) throws {
    let problem = try #require(AssetLocation.problem(of: url))
    #expect(PlainText.isPlain(problem))
    #expect(AssetLocation(url) == nil)
    if !url.isEmpty {
      #expect(EnvironmentSpec(kernel: KernelSource(url: url)).problems().map(\.path) == ["spec.kernel.url"])
    }
  }

  @Test("The default Environment is Sidero's: Talos from its release page, arguments sorted")
  func standard() {
    let environment = Environment.standard()
    #expect(environment.metadata.name == "default")
    let release = "https://github.com/siderolabs/talos/releases/download/v1.13.0"
    #expect(environment.spec.kernel?.url == "\(release)/vmlinuz-amd64")
    #expect(environment.spec.initrd?.url == "\(release)/initramfs-amd64.xz")
    #expect(
      environment.kernelArguments(for: "amd64") == [
        "console=tty0", "console=ttyS0", "consoleblank=0", "earlyprintk=ttyS0", "init_on_alloc=1",
        "initrd=initramfs.xz", "module.sig_enforce=1", "nvme_core.io_timeout=4294967295", "printk.devkmsg=on",
        "proc_mem.force_override=never", "pti=on", "selinux=1", "slab_nomerge=", "talos.platform=metal",
      ])
    #expect(
      environment.sources(for: "arm64").map(\.source.url) == [
        "\(release)/vmlinuz-arm64", "\(release)/initramfs-arm64.xz",
      ])
  }

  @Test("Files are served by architecture: amd64's at the top, as Sidero has them")
  func names() {
    #expect(
      Environment.standard().sources.map { "\($0.path) \($0.name) \($0.servedPath)" } == [
        "spec.kernel default/vmlinuz vmlinuz", "spec.initrd default/initramfs.xz initramfs.xz",
        "spec.architectures.arm64.kernel default/arm64/vmlinuz arm64/vmlinuz",
        "spec.architectures.arm64.initrd default/arm64/initramfs.xz arm64/initramfs.xz",
      ])
  }

  @Test("A table serves an Environment's files all at once, and never in the place of this host's own")
  func table() {
    let own = Asset(path: "/own", size: 1)
    let other = Asset(path: "/other", size: 2)
    let table = AssetTable([.environment("agent-amd64", .kernel): own, .program("ipxe.efi"): own])
    table.serve(
      [
        .environment("agent-amd64", .kernel): other, .program("ipxe.efi"): other,
        .environment("elsewhere", .kernel): other,
      ], ofEnvironment: "agent-amd64")
    table.serve(
      [.environment("a", .kernel): other, .environment("a", .kernel, architecture: "arm64"): own], ofEnvironment: "a")
    #expect(table.asset(.environment("agent-amd64", .kernel)) == own)
    #expect(table.asset(.program("ipxe.efi")) == own)
    #expect(table.asset(.environment("elsewhere", .kernel)) == nil)
    #expect(table.asset(.environment("a", .kernel)) == other)
    #expect(table.asset(.environment("a", .kernel, architecture: "arm64")) == own)
    table.serve([.environment("a", .initramfs): own], ofEnvironment: "a")
    #expect(table.asset(.environment("a", .kernel)) == nil)
    table.serve([:], ofEnvironment: "a")
    #expect(table.asset(.environment("a", .initramfs)) == nil)
  }
}
