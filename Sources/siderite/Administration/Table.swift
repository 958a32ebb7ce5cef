/// Columns for people: names in capitals, two spaces between, widths as needed, no padding at the end of a line.
struct Table {
  var columns: [String]
  var rows: [[String]] = []

  /// The table, with a line break behind every line.
  var text: String {
    let all = [columns] + rows
    let widths = columns.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
    return all.map { row in
      let cells = zip(row, widths).map { cell, width in
        cell + String(repeating: " ", count: max(0, width - cell.count))
      }
      let line = cells.joined(separator: "  ")
      return String(line.reversed().drop { $0 == " " }.reversed()) + "\n"
    }.joined()
  }
}
