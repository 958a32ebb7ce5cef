/// Columns for people: names in capitals, two spaces between, widths as needed, no padding at the end of a line.
struct Table {
  var columns: [String]
  var rows: [[String]] = []

  /// One line of it.
  struct Row {
    var cells: [String]

    init(_ cells: [String]) { self.cells = cells }

    /// What the cells need, and no less than before.
    func widths(atLeast widths: [Int]) -> [Int] {
      cells.indices.map { max(cells[$0].count, $0 < widths.count ? widths[$0] : 0) }
    }

    func text(widths: [Int]) -> String {
      let cells = zip(cells, widths).map { cell, width in
        cell + String(repeating: " ", count: max(0, width - cell.count))
      }
      let line = cells.joined(separator: "  ")
      return String(line.reversed().drop { $0 == " " }.reversed())
    }
  }

  var widths: [Int] {
    ([columns] + rows).reduce(into: []) { $0 = Row($1).widths(atLeast: $0) }
  }

  /// The table, with a line break behind every line.
  var text: String {
    let widths = widths
    return ([columns] + rows).map { Row($0).text(widths: widths) + "\n" }.joined()
  }
}
