import Datasets
import Foundation

/// How many steps configurations need to some error: a CSV table with the columns `learned`, `exchange` and `steps`, others beside them.
public struct StepsToTarget: Sendable {
    private struct Key: Hashable {
        let learned: Double
        let exchange: String
    }

    private let steps: [Key: Double]

    /// - Throws: `DataError`, naming file and line.
    public init(path: String) throws {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw DataError(message: "\(path): expected a table of steps, found no file that can be read")
        }
        func damaged(_ line: Int, _ expected: String, _ cells: [String]) -> DataError {
            DataError(message: "\(path): line \(line): expected \(expected), found '\(cells.joined(separator: ","))'")
        }
        let table = CSVTable(String(decoding: data, as: UTF8.self))
        let places = ["learned", "exchange", "steps"].compactMap { table.columns.firstIndex(of: $0) }
        guard places.count == 3 else {
            throw damaged(1, "columns 'learned', 'exchange' and 'steps'", table.columns)
        }
        var steps: [Key: Double] = [:]
        for (number, cells) in table.lines {
            guard cells.count == table.columns.count, let learned = Double(cells[places[0]]), let count = Double(cells[places[2]]),
                count > 0, count.isFinite
            else {
                throw damaged(number, "a proportion and more than 0 steps", cells)
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
