import Foundation
import Glibc
import NIOCore
import NIOPosix
import Testing

/// A real server of files.
enum Nginx {
  static let path = ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx"].first {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  /// Runs it in the foreground, as one process, for the time of `body`: it serves `files` of the directory.
  /// - Parameters:
  ///   - tls: the names of certificate and key in the directory, without their endings.
  ///   - more: directives of the server.
  static func run(
    in directory: TemporaryDirectory, tls: String? = nil, more: String = "", _ body: (String) async throws -> Void
  ) async throws {
    // nginx cannot be asked for a free port: one is found for it.
    let probe = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .bind(host: "127.0.0.1", port: 0).get()
    let port = probe.localAddress?.port ?? 0
    try await probe.close()
    let certificate = tls.map {
      "ssl_certificate \(directory.path)/\($0).pem; ssl_certificate_key \(directory.path)/\($0).key;"
    }
    let configuration = """
      daemon off; master_process off; user root; pid \(directory.path)/pid; error_log \(directory.path)/error;
      events {}
      http {
        client_body_temp_path \(directory.path)/t1; proxy_temp_path \(directory.path)/t2;
        fastcgi_temp_path \(directory.path)/t3; uwsgi_temp_path \(directory.path)/t4; scgi_temp_path \(directory.path)/t5;
        log_format status "$status $http_range $http_if_range"; access_log \(directory.path)/access status;
        server {
          listen 127.0.0.1:\(port)\(tls == nil ? "" : " ssl"); root \(directory.path)/files;
          \(certificate ?? "")
          \(more)
        }
      }
      """
    try directory.write(Array(configuration.utf8), to: "nginx.conf")
    let nginx = try start([
      try #require(path), "-c", directory.file("nginx.conf"), "-p", directory.path, "-e", directory.file("error"),
    ])
    defer {
      kill(nginx, SIGKILL)
      waitpid(nginx, nil, 0)
    }
    try await body("\(tls == nil ? "http" : "https")://127.0.0.1:\(port)")
  }

  /// Not Foundation's `Process`, which waits for an end by itself.
  static func start(_ arguments: [String]) throws -> pid_t {
    var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var process: pid_t = 0
    try #require(posix_spawn(&process, arguments[0], nil, nil, &words, [nil]) == 0)
    return process
  }
}
