/// What a Server's hardware must be like to be in a class: ``HardwareInformation``'s shape with every field optional.
/// A text is compared as it is; where Siderite's own manifests want a range, a quantity says so: `>= 64 GiB`.
public typealias HardwareQualifier = JSONValue
