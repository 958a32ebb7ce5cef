import BareMetal
import Foundation
import Glibc
import SQLiteStore
import Testing

@Suite("Secrets in SQLite", .timeLimit(.minutes(1)))
struct SQLiteSecretStoreTests {
  let directory: TemporaryDirectory
  let name = SecretName(namespace: "sidero-system", name: "4c4c4544-bmc")

  init() throws { directory = try TemporaryDirectory() }

  func open() throws -> SQLiteSecretStore { try SQLiteSecretStore(path: directory.file("secrets.sqlite")) }

  @Test("Many are kept in one commit, in place of what was known of them")
  func many() async throws {
    let store = try open()
    let names = (0..<100).map { SecretName(namespace: "sidero-system", name: "s\($0)-boot") }
    try await store.setSecrets(Dictionary(uniqueKeysWithValues: names.map { ($0, ["token": Secret($0.name)]) }))
    for name in names { #expect(try await store.secret(name) == ["token": Secret(name.name)]) }
    try await store.setSecrets([names[0]: ["token": Secret("new")], names[1]: [:]])
    try await store.setSecret(names[2], to: nil)
    #expect(try await store.secret(names[0]) == ["token": Secret("new")])
    #expect(try await store.secret(names[1]) == [:])
    #expect(try await store.secret(names[2]) == nil)
    store.close()
    await #expect(throws: StoreError.self) { try await store.secret(names[0]) }
    let again = try open()
    #expect(try await again.secret(names[0]) == ["token": Secret("new")])
    #expect(try await again.secret(names[99]) == ["token": Secret("s99-boot")])
  }

  @Test("A Secret reads back, replaces the last one whole, and is there after a restart")
  func roundTrip() async throws {
    var store = try open()
    #expect(try await store.secret(name) == nil)
    try await store.setSecret(name, to: ["user": Secret("root"), "pass": Secret("pass wörd\u{0}\n")])
    try await store.setSecret(SecretName(namespace: "default", name: name.name), to: ["pass": Secret("other")])
    #expect(try await store.secret(name) == ["user": Secret("root"), "pass": Secret("pass wörd\u{0}\n")])
    try await store.setSecret(name, to: ["pass": Secret("")])
    store.close()
    store = try open()
    #expect(try await store.secret(name) == ["pass": Secret("")])
    #expect(try await store.secret(SecretName(namespace: "default", name: name.name)) == ["pass": Secret("other")])
  }

  @Test("What is forgotten or replaced is in none of the files any more")
  func forgets() async throws {
    let store = try open()
    try await store.setSecret(name, to: ["pass": Secret("correct-horse-1")])
    #expect(try contains("correct-horse-1"))
    try await store.setSecret(name, to: ["pass": Secret("battery-staple-2")])
    try await store.setSecret(name, to: nil)
    #expect(try await store.secret(name) == nil)
    #expect(try !contains("correct-horse-1"))
    #expect(try !contains("battery-staple-2"))
    // Forgetting what is not there is no error.
    try await store.setSecret(name, to: nil)
  }

  @Test("Only the owner reads the files")
  func permissions() async throws {
    let store = try open()
    try await store.setSecret(name, to: ["pass": Secret("x")])
    for file in try FileManager.default.contentsOfDirectory(atPath: directory.path) {
      var status = stat()
      #expect(lstat(directory.file(file), &status) == 0)
      #expect(status.st_mode & 0o777 == 0o600, "\(file)")
    }
    store.close()
  }

  @Test("Names without text and values without measure are refused")
  func limits() async throws {
    let store = try open()
    for bad in [SecretName(namespace: "", name: "x"), SecretName(namespace: "x", name: "")] {
      await #expect(throws: StoreError.self) { try await store.setSecret(bad, to: ["pass": Secret("x")]) }
    }
    let large = Secret(String(repeating: "x", count: 1_000_001))
    await #expect(throws: StoreError.self) { try await store.setSecret(name, to: ["pass": large]) }
    #expect(try await store.secret(name) == nil)
  }

  @Test("A file that is no database, and a closed store, are errors that say so")
  func unreadable() async throws {
    let store = try open()
    store.close()
    await #expect { try await store.secret(name) } throws: { $0.message.contains("is closed") }
    try Data("not a database, whatever it looks like, and long enough to be one".utf8).write(
      to: URL(filePath: directory.file("secrets.sqlite")))
    #expect { try open() } throws: { $0.message.contains("is damaged") }
  }

  private func contains(_ text: String) throws -> Bool {
    try FileManager.default.contentsOfDirectory(atPath: directory.path).contains { file in
      try Data(contentsOf: URL(filePath: directory.file(file))).range(of: Data(text.utf8)) != nil
    }
  }
}
