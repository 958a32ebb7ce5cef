/// A way to erase a whole disk.
enum EraseMethod: Hashable, Sendable, CaseIterable {
  /// NVMe Sanitize: every copy of everything in the NVM subsystem, by erasing its blocks, or its key.
  case sanitizeBlock
  case sanitizeCrypto
  /// NVMe Format NVM with user data erase, or the key's.
  case format
  case secureDiscard
  /// Discard, then every byte read to see whether the disk took it for an order.
  case discardAndCheck
  case zeroOut
  /// Zeros, written one after the other.
  case overwrite
  /// For the fast mode: discard where the disk can, and then the places that say what is on it.
  case discardAndEnds

  /// In the record.
  var name: String {
    switch self {
    case .sanitizeBlock: "nvme-sanitize-block"
    case .sanitizeCrypto: "nvme-sanitize-crypto"
    case .format: "nvme-format"
    case .secureDiscard: "secure-discard"
    case .discardAndCheck: "discard+zero-check"
    case .zeroOut: "zeroout"
    case .overwrite: "overwrite"
    case .discardAndEnds: "discard+ends"
    }
  }

  /// What the disk has to show for it.
  enum Proof: Hashable, Sendable {
    /// Witnesses are zeros.
    case zeros
    /// Witnesses are something else: what an erased or re-keyed flash reads as is its maker's choice.
    case change
    /// None: only the places are looked at.
    case none
  }

  var proof: Proof {
    switch self {
    case .sanitizeBlock, .sanitizeCrypto, .format: .change
    case .secureDiscard: .change
    case .discardAndCheck, .zeroOut, .overwrite: .zeros
    case .discardAndEnds: .none
    }
  }

  /// Those to try, best first.
  static func chain(_ mode: DiskEraser.Mode, isNVMe: Bool) -> [EraseMethod] {
    switch mode {
    case .fast: [.discardAndEnds]
    case .full:
      (isNVMe ? [.sanitizeBlock, .sanitizeCrypto, .format] : [])
        + [.secureDiscard, .discardAndCheck, .zeroOut, .overwrite]
    }
  }
}
