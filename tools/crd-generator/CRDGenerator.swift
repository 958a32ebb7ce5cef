import ArgumentParser
import FoundationEssentials

/// Writes the CustomResourceDefinitions, from the Swift types and the comments in their sources: see tools/crds.
@main
struct CRDGenerator: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "crd-generator")

  @Option(help: "The sources of the types, for their comments.")
  var sources = "Sources/BareMetal"
  @Option(help: "Where the definitions are written, a file each.")
  var output = "rootfs/cluster/crds"
  @Flag(help: "Writes nothing; fails where what is there is not what would be written.")
  var check = false

  func run() throws {
    var drifted: [String] = []
    let writer = SchemaWriter(docs: try Self.comments(in: sources))
    for definition in Definition.all.map({ CustomResourceDefinition(definition: $0, writer: writer) }) {
      let path = "\(output)/\(definition.fileName)"
      let text = try definition.yaml()
      if check {
        let found = try? String(contentsOfFile: path, encoding: .utf8)
        if found != text { drifted.append(path) }
      } else {
        try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
        try text.write(toFile: path, atomically: true, encoding: .utf8)
      }
    }
    guard writer.undocumented.isEmpty else {
      throw ValidationError(
        "no doc comment, so that kubectl explain says nothing: \(writer.undocumented.sorted().joined(separator: ", "))")
    }
    guard drifted.isEmpty else {
      throw ValidationError("\(drifted.joined(separator: ", ")): not what the types say; 'tools/crds' writes them anew")
    }
  }

  /// The doc comments of every Swift file in a directory.
  static func comments(in sources: String) throws -> DocComments {
    let files = try FileManager.default.subpathsOfDirectory(atPath: sources)
    return DocComments(
      sources: try files.filter { $0.hasSuffix(".swift") }.sorted().map {
        try String(contentsOfFile: "\(sources)/\($0)", encoding: .utf8)
      })
  }
}
