/// A table as CSV without quotes; empty lines are left out, and so is the mark that some programs put before UTF-8.
package struct CSVTable {
    /// A line below the first.
    package struct Line {
        /// Its number in the file.
        package let number: Int
        fileprivate let text: Substring.UTF8View

        /// How many cells it has.
        package var count: Int { text.reduce(1) { $0 + ($1 == CSVTable.comma ? 1 : 0) } }
        /// Its cells, made anew at every call.
        package var cells: [String] {
            text.split(separator: CSVTable.comma, omittingEmptySubsequences: false).map { String(Substring($0)) }
        }
        /// The line as an error quotes it.
        package var quoted: String { Substring(text).escaped }
    }

    /// The first line; empty where there is none.
    package let columns: [String]
    /// The others.
    package let lines: [Line]

    private static let comma = UInt8(ascii: ",")

    package init(_ text: String) {
        var rest = text.utf8[...], number = 0, all: [Line] = []
        if rest.starts(with: [0xEF, 0xBB, 0xBF]) { rest = rest.dropFirst(3) }
        while !rest.isEmpty {
            number += 1
            let whole = rest.prefix { $0 != UInt8(ascii: "\n") }
            rest = rest[whole.endIndex...].dropFirst()
            let line = whole.last == UInt8(ascii: "\r") ? whole.dropLast() : whole
            if !line.isEmpty { all.append(Line(number: number, text: line)) }
        }
        columns = all.first?.cells ?? []
        lines = Array(all.dropFirst())
    }
}
