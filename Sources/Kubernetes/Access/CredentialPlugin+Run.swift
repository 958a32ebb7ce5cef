import BareMetal
import FoundationEssentials
import Glibc
import NIOPosix
import Wire

extension CredentialPlugin {
  /// The versions that are spoken; the older ones differ in nothing that is used here.
  static let apiVersions = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"]

  /// What a program says: credentials, and until when they are good.
  struct Answer: Sendable {
    var token: Secret?
    var certificate: (chain: String, key: Secret)?
    var expiry: Timestamp?
  }

  /// Programs that ask another service; a person does not wait longer either.
  private static let time = Duration.seconds(60)
  /// Of what they print.
  private static let maximumBytes = 1 << 20

  /// Runs the program to its end.
  func run() async throws(KubernetesError) -> Answer {
    let result: Result<[UInt8], ProgramFailure>
    do {
      // It is waited for on a thread of its own: it may take long, and Swift's threads are few.
      result = try await NIOThreadPool.singleton.runIfActive { [self] in
        Result { () throws(ProgramFailure) in
          try Program.output(
            [command] + arguments, environment: variables, time: Self.time, maximumBytes: Self.maximumBytes)
        }
      }
    } catch {
      throw failure("could not be run")
    }
    switch result {
    case .failure(let failed): throw failure(failed.message)
    case .success(let bytes): return try answer(bytes)
    }
  }

  private var variables: [String: String] {
    let info = #"{"apiVersion":"\#(apiVersion)","kind":"ExecCredential","spec":{"interactive":false}}"#
    return environment.merging(["KUBERNETES_EXEC_INFO": info]) { $1 }
  }

  private func failure(_ message: String) -> KubernetesError {
    let hint = installHint.map { ": \(PlainText.line($0))" } ?? ""
    return KubernetesError(.noCredentials, "the credential plugin \(PlainText.line(command)) \(message)\(hint)")
  }

  private func answer(_ bytes: [UInt8]) throws(KubernetesError) -> Answer {
    struct Credential: Decodable {
      struct Status: Decodable {
        var expirationTimestamp: String?
        var token: Secret?
        var clientCertificateData: String?
        var clientKeyData: Secret?
      }
      var apiVersion: String
      var kind: String
      var status: Status?
    }
    // What it printed is not quoted anywhere: it may be half a token.
    guard let credential = try? JSONDecoder().decode(Credential.self, from: Data(bytes)),
      credential.kind == "ExecCredential", let status = credential.status
    else { throw failure("printed no ExecCredential") }
    guard credential.apiVersion == apiVersion else {
      throw failure("speaks \(PlainText.line(credential.apiVersion)), but \(apiVersion) is configured")
    }
    var answer = Answer(token: status.token)
    if let chain = status.clientCertificateData, let key = status.clientKeyData { answer.certificate = (chain, key) }
    guard answer.token != nil || answer.certificate != nil else { throw failure("gave neither token nor certificate") }
    if let expiry = status.expirationTimestamp {
      guard let moment = Timestamp(rfc3339: expiry) else { throw failure("gave an expiry that is no time") }
      answer.expiry = moment
    }
    return answer
  }
}

/// Why a program gave no output.
struct ProgramFailure: Error {
  var message: String
}

/// A program run for what it prints.
enum Program {
  /// What it prints on its standard output; its errors go where ours go. Blocks.
  static func output(
    _ words: [String], environment: [String: String], time: Duration, maximumBytes: Int
  ) throws(ProgramFailure) -> [UInt8] {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw ProgramFailure(message: "could not be run: error \(errno)") }
    let (reader, writer) = (ends[0], ends[1])
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    defer { close(reader) }
    let started = start(words, environment: environment, output: writer)
    close(writer)
    let process = try started.get()
    let deadline = ContinuousClock.now + time
    var output: [UInt8] = []
    var problem: String?
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while problem == nil {
      let left = ContinuousClock.now.duration(to: deadline)
      guard left > .zero else {
        problem = "did not end within \(time.components.seconds) s"
        break
      }
      var poll = pollfd(fd: reader, events: Int16(POLLIN), revents: 0)
      guard Glibc.poll(&poll, 1, Int32(clamping: left.components.seconds * 1000 + 100)) > 0 else { continue }
      let count = read(reader, &chunk, chunk.count)
      if count == 0 { break }
      guard count > 0 else {
        if errno != EINTR { problem = "could not be read from: error \(errno)" }
        continue
      }
      output += chunk[..<count]
      if output.count > maximumBytes { problem = "printed more than \(maximumBytes) bytes" }
    }
    if problem != nil { kill(process, SIGKILL) }
    var status: Int32 = 0
    while waitpid(process, &status, 0) == -1, errno == EINTR {}
    if let problem { throw ProgramFailure(message: problem) }
    guard status == 0 else {
      let isSignal = status & 0x7f != 0
      throw ProgramFailure(
        message: isSignal ? "was ended by signal \(status & 0x7f)" : "failed with exit code \(status >> 8 & 0xff)")
    }
    return output
  }

  private static func start(
    _ words: [String], environment: [String: String], output: Int32
  ) -> Result<pid_t, ProgramFailure> {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, output, 1)
    // Programs inherit the signals that the threads of Swift's pool block, which is all of them.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for text in arguments + variables { free(text) } }
    var process: pid_t = 0
    let code = posix_spawnp(&process, words.first ?? "", &actions, &attributes, &arguments, &variables)
    guard code == 0 else {
      return .failure(ProgramFailure(message: code == ENOENT ? "is not there" : "could not be started: error \(code)"))
    }
    return .success(process)
  }
}
