import Datasets
import Foundation

/// scaling.csv: what the job `scaling` has measured, a row a configuration at a rank count on a network.
public struct ScalingTable: Sendable {
    /// A configuration on some ranks of a network.
    public struct Row: Sendable {
        /// What was computed, and how values travelled.
        public let configuration: Configuration
        /// Of `batch`: what stays the same while ranks are added.
        public let mode: BatchMode
        /// MPI ranks.
        public let ranks: Int
        /// Distinct host names of the ranks.
        public let hosts: Int
        /// Whether a host had more ranks than cores for them; such times say nothing about scaling.
        public let oversubscribed: Bool
        /// The user's name for the network.
        public let link: String
        /// Samples of a step, of all ranks together.
        public let batch: Int
        /// Steps measured.
        public let steps: Int
        /// Of a step, the mean over steps; `wireBytes` of the busiest rank.
        public let payloadBytes, wireBytes: Int
        /// Of a rank, the largest.
        public let peakBytes: Int
        /// Over the steps of a rank, then the maximum over ranks; `compute` holds `rebuild` and `project`.
        public let times: [StepPhase: TimeSpread]

        public var step: TimeSpread { times[.step]! }
        public var compute: TimeSpread { times[.compute]! }
        public var rebuild: TimeSpread { times[.rebuild]! }
        public var project: TimeSpread { times[.project]! }
        public var wait: TimeSpread { times[.wait]! }
        public var exchange: TimeSpread { times[.exchange]! }

        /// The batch of a rank, the largest.
        public var samplesPerRank: Int { (batch + ranks - 1) / ranks }
    }

    /// Not empty.
    public let rows: [Row]

    /// Reads a table.
    ///
    /// - Throws: `DataError`, naming file and line.
    public static func read(_ path: String) throws -> ScalingTable {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw DataError(
                message: "\(path): expected the table that 'scaling run' writes, found none that can be read: run it first, or name "
                    + "another")
        }
        return try ScalingTable(text: String(decoding: data, as: UTF8.self), path: path)
    }

    /// - Parameter path: for errors.
    /// - Throws: `DataError`, naming file and line. Columns may stand in any order, and others beside them.
    public init(text: String, path: String) throws {
        let table = CSVTable(text)
        let rows = try table.lines.map { number, cells in
            let line = Line(path: path, number: number, cells: cells, columns: table.columns)
            guard cells.count == table.columns.count else { throw line.damaged("\(table.columns.count) cells", "\(cells.count)") }
            return try line.row()
        }
        guard !rows.isEmpty else {
            throw DataError(message: "\(path): expected a row of measurements at least, found none: 'scaling run' adds them")
        }
        self.rows = rows
    }
}

/// A line of the table, by the names of its columns.
private struct Line {
    let path: String
    let number: Int
    let cells: [String]
    let columns: [String]

    func damaged(_ expected: String, _ found: String) -> DataError {
        DataError(message: "\(path): line \(number): expected \(expected), found \(found): take the line out, and measure again")
    }

    private func text(_ name: String) throws -> String {
        guard let place = columns.firstIndex(of: name) else {
            throw DataError(message: "\(path): line 1: expected a column '\(name)', found none: is it a table of 'scaling run'?")
        }
        return cells[place]
    }

    private func value<T>(_ name: String, _ expected: String, _ parse: (String) -> T?) throws -> T {
        let text = try text(name)
        guard let value = parse(text) else { throw damaged("\(expected) as \(name)", "'\(text)'") }
        return value
    }

    private func count(_ name: String, from low: Int) throws -> Int {
        try value(name, "a whole number from \(low)") { Int($0).flatMap { $0 >= low ? $0 : nil } }
    }

    private func spread(_ phase: StepPhase) throws -> TimeSpread {
        TimeSpread(
            try TimeSpread.names.map { part in
                try value("\(phase.rawValue)_\(part)", "seconds") { Double($0).flatMap { $0 >= 0 && $0.isFinite ? $0 : nil } }
            })
    }

    func row() throws -> ScalingTable.Row {
        let exchange = try value("exchange", "an exchange such as owned, dynamic-ring or lowrank4", ExchangeMethod.init)
        let configuration = Configuration(
            job: try text("job"), model: try text("model"),
            learned: try value("learned", "a proportion above 0, up to 1") { Double($0).flatMap { $0 > 0 && $0 <= 1 ? $0 : nil } },
            columns: try count("columns", from: 1), exchange: exchange)
        let row = ScalingTable.Row(
            configuration: configuration, mode: try value("mode", "strong or weak", BatchMode.init),
            ranks: try count("ranks", from: 1), hosts: try count("hosts", from: 1),
            oversubscribed: try value("oversubscribed", "true or false", Bool.init), link: try text("link"),
            batch: try count("batch", from: 1), steps: try count("steps", from: 1), payloadBytes: try count("payloadBytes", from: 0),
            wireBytes: try count("wireBytes", from: 0), peakBytes: try count("peakBytes", from: 0),
            times: Dictionary(uniqueKeysWithValues: try StepPhase.allCases.map { ($0, try spread($0)) }))
        guard exchange.order.works(ranks: row.ranks) else {
            throw damaged("a sum in a fixed order on \(ShardTree.shards) ranks at most", "\(row.ranks)")
        }
        guard row.step.median > 0 else { throw damaged("a step of more than 0 seconds", "\(row.step.median)") }
        return row
    }
}
