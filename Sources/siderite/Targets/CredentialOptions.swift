import ArgumentParser
import BareMetal
import FoundationEssentials
import LinuxSystem

/// Who logs in. Passwords are never on the command line, where everybody on the host reads them.
struct CredentialOptions: ParsableArguments {
  /// A key of 20 bytes and a password of 64 fit many times over.
  private static let maximumFileBytes = 4096

  @Option(help: "The BMC's user.")
  var user: String?
  @Option(help: "A file with the password, on its first line. (default: $SIDERITE_BMC_PASSWORD, or the terminal)")
  var passwordFile: String?
  @Flag(help: "Read the password from standard input, one line.")
  var passwordStdin = false

  /// The password from where it was said to be; `nil` when nothing was said and nobody can be asked.
  func password() throws -> Secret? {
    if let passwordFile { return try Self.secret(inFile: passwordFile) }
    if passwordStdin {
      guard let line = readLine(strippingNewline: true) else { throw ValidationError("no password on standard input") }
      return Secret(line)
    }
    if let text = ProcessInfo.processInfo.environment["SIDERITE_BMC_PASSWORD"] { return Secret(text) }
    return user == nil ? nil : Terminal.askSecret("Password of \(user ?? ""): ")
  }

  /// User and password; `nil` when neither was given.
  func credentials() throws -> Credentials? {
    let password = try password()
    switch (user, password) {
    case (let user?, let password?): return Credentials(user: user, password: password)
    case (nil, nil): return nil
    case (nil, _): throw ValidationError("--user is missing")
    case (_, nil): throw ValidationError("--password-file, --password-stdin or SIDERITE_BMC_PASSWORD is missing")
    }
  }

  static func secret(inFile path: String) throws -> Secret {
    let bytes: [UInt8]?
    do {
      bytes = try FileDescriptor.contents(of: path, limit: maximumFileBytes)
    } catch {
      throw ValidationError("\(error)")
    }
    guard let bytes else { throw ValidationError("there is no file \(path)") }
    let line = String(decoding: bytes.prefix { $0 != 0x0a }, as: UTF8.self)
    return Secret(line.hasSuffix("\r") ? String(line.dropLast()) : line)
  }
}
