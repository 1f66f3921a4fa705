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
        let lines = String(decoding: data, as: UTF8.self).split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            .map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
        let places = ["learned", "exchange", "steps"].compactMap { lines.first!.firstIndex(of: $0) }
        guard places.count == 3 else {
            throw damaged(1, "columns 'learned', 'exchange' and 'steps'", lines.first!)
        }
        var steps: [Key: Double] = [:]
        for (number, cells) in lines.enumerated().dropFirst() where cells != [""] {
            guard cells.count == lines[0].count, let learned = Double(cells[places[0]]), let count = Double(cells[places[2]]),
                count > 0, count.isFinite
            else {
                throw damaged(number + 1, "a proportion and more than 0 steps", cells)
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
