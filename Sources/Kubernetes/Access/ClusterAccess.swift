public import BareMetal

/// How a management cluster is reached, and as whom.
public struct ClusterAccess: Sendable {
  /// Whose certificates the API server may have.
  public enum Trust: Hashable, Sendable {
    /// Those that the system trusts.
    case system
    /// Certificates in PEM.
    case authorities(String)
    /// A PEM file, read again when it changes: cluster CAs are rotated.
    case file(String)
    /// Anybody's: whoever is in the middle gets the credentials.
    case anything
  }

  /// Who asks.
  public enum Credentials: Sendable {
    case none
    case token(Secret)
    /// A file with a token, read again every minute: service accounts' tokens are rotated.
    case tokenFile(String)
    /// A client certificate's chain and its key, in PEM.
    case certificate(chain: String, key: Secret)
    /// The same in files.
    case certificateFiles(chain: String, key: String)
    /// A program says the token or the certificate.
    case plugin(CredentialPlugin)
  }

  /// What to do in the name of somebody else, who is given by the cluster's administrator.
  public struct Impersonation: Hashable, Sendable {
    public var user: String
    public var groups: [String]
  }

  /// What people call it: the context's name, or `in-cluster`.
  public var name: String
  /// `https://10.0.0.1:6443`, with a path where a proxy has one; no `/` at its end.
  public var server: String
  public var trust: Trust
  /// The name in the server's certificate, where it is not the address.
  public var serverName: String?
  public var credentials: Credentials
  public var impersonation: Impersonation?
  /// Where namespaced objects go when nobody says otherwise.
  public var namespace: String

  public init(
    name: String, server: String, trust: Trust, credentials: Credentials, namespace: String = "default"
  ) {
    self.name = name
    self.server = server
    self.trust = trust
    self.credentials = credentials
    self.namespace = namespace
  }
}

/// A program that gets credentials (client-go's `exec` plugins, `client.authentication.k8s.io`).
public struct CredentialPlugin: Hashable, Sendable {
  public var apiVersion: String
  public var command: String
  public var arguments: [String]
  /// All of the program's environment.
  public var environment: [String: String]
  /// What to do where the program is missing.
  public var installHint: String?

  public init(
    apiVersion: String, command: String, arguments: [String] = [], environment: [String: String] = [:],
    installHint: String? = nil
  ) {
    self.apiVersion = apiVersion
    self.command = command
    self.arguments = arguments
    self.environment = environment
    self.installHint = installHint
  }
}
