import DataParallel
import Datasets
import Foundation
import Runs
import Storage

/// A table of measurements that several runs add to, as CSV without quotes. A row takes the place of the one with the
/// same key; the others stay as they are.
public struct MeasurementFile {
    private let path: String
    private let columns: [String]
    private let key: [Int]
    private let formerNames: [String: String]
    private let newColumns: Set<String>

    /// The largest table that is read, which has room for 10,000 rows of scaling.csv.
    static let mostBytes = 8 << 20

    /// - Parameters:
    ///   - key: the columns that tell rows apart.
    ///   - formerNames: what columns were called in older tables, which get the new names.
    ///   - newColumns: those that older tables lack; they stay empty in their rows.
    public init(
        path: String, columns: [String], key: [String], formerNames: [String: String] = [:],
        newColumns: Set<String> = []
    ) {
        self.path = path
        self.columns = columns
        self.formerNames = formerNames
        self.newColumns = newColumns
        self.key = key.map { name in columns.firstIndex(of: name)! }
    }

    /// Makes the folder, and fails where rows could not be added: better before a measurement than after it.
    ///
    /// - Throws: `DataError` for a file that is no such table; `TrainingError`, `WriteError` where it cannot be
    ///   written.
    public func check() throws {
        let folder = (path as NSString).deletingLastPathComponent
        if !folder.isEmpty, let reason = RunDirectory(path: folder).makeFolders() {
            throw TrainingError("\(folder): cannot make the folder: \(reason); choose another file with --csv")
        }
        _ = try rows()
        _ = try AtomicFile(path: path)
    }

    /// Adds a row and writes the whole table. One process at a time: what another wrote meanwhile may be lost.
    ///
    /// - Parameter row: a field for each column, without commas and ends of lines.
    /// - Throws: as `check`.
    public func add(_ row: [String]) throws {
        precondition(row.count == columns.count, "\(row.count) fields for \(columns.count) columns")
        var rows = try rows()
        let place = rows.firstIndex { old in key.allSatisfy { old[$0] == row[$0] } } ?? rows.count
        rows.replaceSubrange(place..<min(place + 1, rows.count), with: [row])
        try writeAtomically(Array(([columns] + rows).map { $0.joined(separator: ",") + "\n" }.joined().utf8), to: path)
    }

    private func rows() throws -> [[String]] {
        let expected = "a table of measurements", advice = "choose another file with --csv"
        let limit = Self.mostBytes
        guard let data = try readFile(path, expecting: expected, atMost: limit, advice: advice) else { return [] }
        guard let text = String(data: data, encoding: .utf8) else {
            throw DataError(message: "\(path): expected \(expected), found bytes that are no text: \(advice)")
        }
        let table = CSVTable(text)
        if table.columns.isEmpty { return [] }
        let places = columns.map { name in
            table.columns.firstIndex(of: name) ?? formerNames[name].flatMap(table.columns.firstIndex)
        }
        guard zip(columns, places).allSatisfy({ $1 != nil || newColumns.contains($0) }),
            places.compactMap(\.self) == Array(table.columns.indices)
        else {
            throw DataError(
                message: "\(path): expected the columns \(columns.joined(separator: ",")), found "
                    + "\(table.columns.joined(separator: ",").escaped): \(advice)")
        }
        return try table.lines.map { line in
            guard line.count == table.columns.count else {
                let found = "expected \(table.columns.count) values, found \(line.count)"
                throw DataError(message: "\(path): line \(line.number): \(found): \(advice)")
            }
            let cells = line.cells
            return places.map { $0.map { cells[$0] } ?? "" }
        }
    }
}
