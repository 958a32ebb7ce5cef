/// What JSON a type is read from, as far as OpenAPI can say it.
indirect enum Shape: Hashable {
  case boolean
  /// Inclusive bounds; `nil` where the format has none of its own.
  case integer(minimum: Int64?, maximum: Int64?)
  case number
  case text
  /// RFC 3339.
  case time
  /// One of these texts; the type's name, for its documentation.
  case choice([String], type: String)
  /// A number, or a text (a quantity).
  case integerOrText
  /// Any JSON, `null` too.
  case anything
  case list(Shape)
  /// Keys are free.
  case map(Shape)
  /// Fields in the order in which they are read; the type's name, for its documentation.
  case object([Field], type: String)

  struct Field: Hashable {
    var name: String
    var shape: Shape
    /// Reading fails without it.
    var isRequired: Bool
    /// It is read as this where it is absent, and written.
    var isFalseWhenAbsent = false
  }
}
