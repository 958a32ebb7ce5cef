import Wire

@Sendable func feedFrame(_ bytes: [UInt8]) {
  guard let (_, payload) = try? UDPFrame.parse(bytes.span) else { return }
  hold(payload.lowerBound >= 0 && payload.upperBound <= bytes.count, "the payload lies in the frame")
}
