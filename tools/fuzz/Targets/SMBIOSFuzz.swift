import SMBIOS

/// 32 bytes for the entry point, the rest for the table, which is read whatever the entry point says.
@Sendable func feedSMBIOS(_ bytes: [UInt8]) {
  let entryPoint = Array(bytes.prefix(32))
  let table = Array(bytes.dropFirst(32))
  if let found = try? StructureTable(entryPoint: entryPoint.span, table: table.span) { read(found) }
  read(StructureTable(version: EntryPoint.Version(3, bytes.first ?? 0), parsing: table.span))
}

private func read(_ table: StructureTable) {
  hold(table.structures.count <= StructureTable.maximumStructures, "no more structures than allowed")
  for structure in table.structures {
    for text in structure.strings {
      hold(text.utf8.count <= StructureTable.maximumStringBytes * 4, "no string is longer than allowed")
    }
  }
  _ = (table.bios, table.system, table.baseboards, table.chassis, table.managementInterface)
  _ = table.processors
  for device in table.memoryDevices { _ = (device.sizeBytes, device.type.description) }
}
