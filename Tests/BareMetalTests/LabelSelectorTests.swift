import BareMetal
import Testing

@Suite("Label selectors")
struct LabelSelectorTests {
  static let labels = ["rack": "3", "role": "storage", "metal.sidero.dev/zone": "a", "empty": ""]

  @Test(
    "What holds",
    arguments: [
      "rack=3", "rack==3", " rack = 3 ", "rack!=4", "rack", "!gone", "gone!=x", "rack in (3,4)", "rack in ( 4 , 3 )",
      "role notin (compute)", "gone notin (a,b)", "rack=3,role=storage", "rack in (3,4),!gone,role",
      "metal.sidero.dev/zone=a", "empty=", "empty in ()",
    ])
  func matches(text: String) throws {
    #expect(try LabelSelector(text).matches(Self.labels))
  }

  @Test(
    "What does not",
    arguments: [
      "rack=4", "rack!=3", "gone", "!rack", "gone=", "gone in (a)", "rack notin (3,4)", "rack=3,role=compute",
      "Rack=3",
    ])
  func differs(text: String) throws {
    #expect(try !LabelSelector(text).matches(Self.labels))
    #expect(try !LabelSelector("rack").matches(nil))
  }

  @Test(
    "What is no selector",
    arguments: [
      "", ",", "rack=3,", "=3", "a b", "rack in 3", "rack in (3", "rack among (3)", "rack=(3)", "!", "rack=a b",
      "rack===3", "rack in (a b)", "ra\u{1b}ck=3",
    ])
  func bad(text: String) {
    let error = #expect(throws: LabelSelector.ParseError.self) { try LabelSelector(text) }
    #expect(error?.description.contains("is no label selector") == true)
    #expect(error?.description.contains("\u{1b}") == false)
  }
}
