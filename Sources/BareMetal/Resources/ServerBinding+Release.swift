extension Resource where Kind == ServerBindingKind {
  /// Keeps a binding until its Server's wipe is asked for.
  public static var releaseFinalizer: String { "metal.sidero.dev/release" }
}
