import Foundation
import Runs
import Storage

/// How many steps configurations need to some error: a CSV table with the columns `learned`, `exchange` and `steps`,
/// others beside them.
public struct StepsToTarget: Sendable {
    private struct Key: Hashable {
        let learned: Double
        let exchange: String
    }

    private let steps: [Key: Double]
    private static let possibleSteps = 1...1e12

    /// - Throws: `DataError`, naming file and line.
    public init(path: String) throws {
        let expected = "a table of steps", advice = "mend it, or name another with --steps-to-target"
        let limit = MeasurementFile.mostBytes
        guard let data = try readFile(path, expecting: expected, atMost: limit, advice: advice) else {
            throw DataError(message: "\(path): expected \(expected), found no such file: \(advice)")
        }
        func damaged(_ line: Int, _ expected: String, _ found: String) -> DataError {
            DataError(message: "\(path): line \(line): expected \(expected), found '\(found)': \(advice)")
        }
        let table = CSVTable(String(decoding: data, as: UTF8.self))
        let places = ["learned", "exchange", "steps"].compactMap { table.columns.firstIndex(of: $0) }
        guard places.count == 3 else {
            let found = table.columns.joined(separator: ",").escaped
            throw damaged(1, "columns 'learned', 'exchange' and 'steps'", found)
        }
        var steps: [Key: Double] = [:]
        for line in table.lines {
            guard line.count == table.columns.count else {
                throw damaged(line.number, "\(table.columns.count) values", line.quoted)
            }
            let cells = line.cells
            guard let learned = Double(cells[places[0]]), learned > 0, learned <= 1,
                let count = Double(cells[places[2]]), Self.possibleSteps.contains(count)
            else {
                throw damaged(line.number, "a proportion above 0, up to 1, and 1 to 1e12 steps", line.quoted)
            }
            steps[Key(learned: learned, exchange: cells[places[1]])] = count
        }
        self.steps = steps
    }

    /// Nil for one that the table does not have.
    public func of(_ configuration: Configuration) -> Double? {
        steps[Key(learned: configuration.learned, exchange: configuration.exchange.label)]
    }
}
