import Glibc

// What libFuzzer calls. Which target it is, the environment says: libFuzzer's own `main` reads the arguments.
//
// SIDERITE_FUZZ   a target; or `list`, `names`, `seeds`: does that and ends

private nonisolated(unsafe) var target: FuzzTarget?

@_cdecl("LLVMFuzzerInitialize")
func fuzzerInitialize(_ count: UnsafeMutableRawPointer, _ arguments: UnsafeMutableRawPointer) -> CInt {
  let wanted = getenv("SIDERITE_FUZZ").map { String(cString: $0) } ?? "list"
  switch wanted {
  case "list":
    for target in FuzzTarget.all {
      print(target.name + String(repeating: " ", count: max(1, 16 - target.name.count)) + target.summary)
    }
    exit(0)
  case "names":
    for target in FuzzTarget.all { print(target.name) }
    exit(0)
  case "seeds":
    guard let corpus = getenv("SIDERITE_FUZZ_CORPUS"), let fixtures = getenv("SIDERITE_FUZZ_FIXTURES") else { exit(2) }
    do {
      try FuzzSeeds(fixtures: String(cString: fixtures)).write(to: String(cString: corpus))
    } catch {
      print("fuzz: no seeds: \(error)")
      exit(2)
    }
    exit(0)
  default:
    target = FuzzTarget.all.first { $0.name == wanted }
    guard target != nil else { exit(2) }
    return 0
  }
}

@_cdecl("LLVMFuzzerTestOneInput")
func fuzzerTestOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  target?.feed(Array(UnsafeBufferPointer(start: start, count: count)))
  return 0
}
