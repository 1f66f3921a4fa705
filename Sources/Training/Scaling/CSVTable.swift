/// A table as CSV without quotes; empty lines are left out.
struct CSVTable {
    /// The first line; empty where there is none.
    let columns: [String]
    /// The others, by their numbers in the file.
    let lines: [(number: Int, cells: [String])]

    init(_ text: String) {
        let all = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated().filter { !$1.isEmpty }
            .map { (number: $0 + 1, cells: $1.split(separator: ",", omittingEmptySubsequences: false).map(String.init)) }
        columns = all.first?.cells ?? []
        lines = Array(all.dropFirst())
    }
}
