import ArgumentParser

/// `siderite`: the daemon and its command line.
@main
struct Siderite: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "siderite",
    abstract: "A PXE boot appliance: boots a rack's servers, discovers them, keeps them true.",
    discussion: """
      The daemon runs as 'siderite serve'; every other command asks it over its Unix socket, except for BMCs named by
      address (--host).

      Examples:
        siderite check-config --config /etc/siderite/siderite.yaml
        siderite get servers
        siderite describe server 4c4c4544-0031-3510-8051-b4c04f4d3232
        siderite boots --watch
        siderite power cycle --selector rack=3
        siderite console 4c4c4544-0031-3510-8051-b4c04f4d3232
      """,
    version: Version.text,
    subcommands: [
      ServeCommand.self, GetCommand.self, DescribeCommand.self, ApplyCommand.self, DeleteCommand.self,
      PatchCommand.self, EditCommand.self, AcceptCommand.self, CordonCommand.self, UncordonCommand.self,
      WipeCommand.self,
      AllocateCommand.self, InstalledCommand.self, ReleaseCommand.self, RenderCommand.self, BootsCommand.self,
      LeasesCommand.self,
      PowerCommand.self, TakeOverCommand.self, MigrateCommand.self,
      BootDeviceCommand.self, BMCCommand.self, ConsoleCommand.self, CheckConfigCommand.self, VersionCommand.self,
    ])
}
