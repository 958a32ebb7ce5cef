import BareMetal

/// What a kind's CustomResourceDefinition says beside its types.
struct Definition {
  var kind: any ManifestKind.Type
  var shortNames: [String] = []
  var categories: [String]
  /// By version; of a version that is not here, today's.
  var columns: [Column]
  var olderColumns: [Column]?
  /// `clusterctl move` takes the objects along although no Cluster owns them.
  var movesAlong = false

  /// A column of `kubectl get`.
  struct Column {
    var name: String
    var type = "string"
    /// Of `-o wide` only.
    var isWide = false
    var path: String
    var description: String

    static let age = Column(
      name: "Age", type: "date", path: ".metadata.creationTimestamp", description: "How long ago it was made.")
    static let cluster = Column(
      name: "Cluster", isWide: true, path: ".metadata.labels.cluster\\.x-k8s\\.io/cluster-name",
      description: "The cluster it belongs to.")
  }
}

extension Definition {
  /// Names, columns and order of Sidero's, so that what people and scripts know of them stays true.
  static let all: [Definition] = [
    Definition(
      kind: EnvironmentKind.self, shortNames: ["env"], categories: ["sidero"],
      columns: [
        Column(name: "Kernel", path: ".spec.kernel.url", description: "Where the kernel for amd64 comes from."),
        Column(name: "Initrd", path: ".spec.initrd.url", description: "Where the initramfs for amd64 comes from."),
        Column(
          name: "Ready", path: ".status.conditions[?(@.type==\"Ready\")].status",
          description: "Whether the files are here, and what they should be: of the first of them."),
        .age,
      ], movesAlong: true),
    Definition(
      kind: ServerKind.self, shortNames: ["srv"], categories: ["sidero"],
      columns: [
        Column(name: "Hostname", path: ".spec.hostname", description: "The machine's name."),
        Column(
          name: "BMC IP", isWide: true, path: ".spec.bmc.endpoint",
          description: "Where its management controller answers."),
        Column(
          name: "Accepted", type: "boolean", path: ".spec.accepted",
          description: "Whether somebody said that it is ours."
        ),
        Column(
          name: "Cordoned", type: "boolean", path: ".spec.cordoned",
          description: "Whether it is kept from being allocated."),
        Column(name: "Allocated", type: "boolean", path: ".status.inUse", description: "Whether it is in use."),
        Column(name: "Clean", type: "boolean", path: ".status.isClean", description: "Whether its disks are wiped."),
        Column(name: "Power", path: ".status.power", description: "Whether it is on, as far as is known."),
        .age,
      ], movesAlong: true),
    Definition(
      kind: ServerClassKind.self, shortNames: ["srvclass"], categories: ["sidero"],
      columns: [
        Column(name: "Available", path: ".status.serversAvailable", description: "The Servers that can be allocated."),
        Column(name: "In Use", path: ".status.serversInUse", description: "The Servers that are allocated."),
        .age,
      ], movesAlong: true),
    Definition(
      kind: ServerBindingKind.self, shortNames: ["sb"], categories: ["sidero"],
      columns: [
        Column(name: "Ready", path: ".status.ready", description: "Whether its Server is there."),
        Column(name: "Server", isWide: true, path: ".metadata.name", description: "The Server."),
        Column(
          name: "ServerClass", isWide: true, path: ".spec.serverClassRef.name",
          description: "The class that the Server was taken from."),
        Column(
          name: "MetalMachine", isWide: true, path: ".spec.metalMachineRef.name",
          description: "The machine that the Server plays."),
        .cluster, .age,
      ], movesAlong: true),
    Definition(
      kind: MetalClusterKind.self, categories: ["cluster-api", "sidero"],
      columns: [
        Column(
          name: "Cluster", path: Column.cluster.path, description: Column.cluster.description),
        Column(name: "Ready", type: "boolean", path: ".status.ready", description: "Whether machines may be made."),
        Column(
          name: "Endpoint", isWide: true, path: ".spec.controlPlaneEndpoint.host",
          description: "Where the cluster's API answers."),
        .age,
      ],
      olderColumns: [
        Column(name: "Ready", type: "boolean", path: ".status.ready", description: "Whether machines may be made."),
        .age,
      ]),
    Definition(
      kind: MetalMachineKind.self, categories: ["cluster-api", "sidero"],
      columns: [
        Column(name: "Ready", path: ".status.ready", description: "Whether it has a Server, and is known."),
        .cluster,
        Column(
          name: "Machine", isWide: true, path: ".metadata.ownerReferences[?(@.kind==\"Machine\")].name",
          description: "The Machine it belongs to."),
        Column(
          name: "Server", isWide: true, path: ".spec.serverRef.name", description: "The Server that plays it."),
        .age,
      ]),
    Definition(
      kind: MetalMachineTemplateKind.self, categories: ["cluster-api", "sidero"],
      columns: [
        Column(
          name: "ServerClass", path: ".spec.template.spec.serverClassRef.name",
          description: "The class that Servers are taken from."),
        .age,
      ], olderColumns: [.age]),
  ]
}
