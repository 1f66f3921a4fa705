import DataParallel
import Datasets
import Foundation
import Runs
import Storage

/// scaling.csv: what the job `scaling` has measured, a row a configuration at a rank count on a network.
public struct ScalingTable: Sendable {
    /// A configuration on some ranks of a network.
    public struct Row: Sendable {
        /// What was computed, and how values travelled.
        public let configuration: Configuration
        /// What of `batch` stays the same while ranks are added.
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
        /// The bytes per step, the mean over steps; `wireBytes` is the busiest rank's.
        public let payloadBytes, wireBytes: Int
        /// The largest of the ranks' peaks.
        public let peakBytes: Int
        /// Times over the steps of a rank, then the maximum over ranks; `compute` holds `expand` and `projectGradient`.
        public let times: [StepPhase: TimeSpread]

        public var step: TimeSpread { times[.step]! }
        public var compute: TimeSpread { times[.compute]! }
        public var expand: TimeSpread { times[.expand]! }
        public var projectGradient: TimeSpread { times[.projectGradient]! }
        public var wait: TimeSpread { times[.wait]! }
        public var exchange: TimeSpread { times[.exchange]! }

        /// The batch of a rank, the largest.
        public var samplesPerRank: Int { (batch + ranks - 1) / ranks }
    }

    /// Not empty.
    public let rows: [Row]

    /// What a number of a row can be, which is what the options of `scaling run` allow.
    public static let ranks = 1...1_000_000, batch = 1...1_000_000_000, steps = 1...1_000_000, columns = 1...1_000_000
    /// A petabyte, more than any rank holds or sends in a step.
    static let bytes = 0...1_000_000_000_000_000
    /// The most rows of a table, and configurations among them: the cost model takes minutes to fit to so many.
    static let mostRows = 10_000, mostConfigurations = 200

    /// The letters that the name of a model has at most.
    static let longestModel = 144

    /// Whether a text of at most `length` characters can be the name of a model or of a link: letters, digits, dots,
    /// hyphens and underscores. A figure's file is named by both.
    public static func isName(_ text: String, atMost length: Int) -> Bool {
        (1...length).contains(text.utf8.count)
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) }
    }

    /// Reads a table.
    ///
    /// - Throws: `DataError`, naming file and line.
    public static func read(_ path: String) throws -> ScalingTable {
        let expected = "the table that 'scaling run' writes", advice = "run it first, or name another"
        let limit = MeasurementFile.mostBytes
        guard let data = try readFile(path, expecting: expected, atMost: limit, advice: advice) else {
            throw DataError(message: "\(path): expected \(expected), found none of that name: \(advice)")
        }
        return try ScalingTable(text: String(decoding: data, as: UTF8.self), path: path)
    }

    /// - Parameter path: for errors.
    /// - Throws: `DataError`, naming file and line. Columns may stand in any order, and others beside them.
    public init(text: String, path: String) throws {
        let table = CSVTable(text)
        var rows: [Row] = [], configurations: Set<Configuration> = []
        for text in table.lines {
            guard text.count == table.columns.count else {
                throw damagedLine(path, text.number, "\(table.columns.count) cells", "\(text.count)")
            }
            let row = try Line(path: path, number: text.number, cells: text.cells, columns: table.columns).row()
            rows.append(row)
            configurations.insert(row.configuration)
            guard rows.count <= Self.mostRows, configurations.count <= Self.mostConfigurations else {
                throw DataError(
                    message: "\(path): line \(text.number): expected at most \(Self.mostRows) rows and "
                        + "\(Self.mostConfigurations) configurations, found another: make a table of each model")
            }
        }
        guard !rows.isEmpty else {
            throw DataError(
                message: "\(path): expected a row of measurements at least, found none: 'scaling run' adds them")
        }
        self.rows = rows
    }
}

private func damagedLine(_ path: String, _ line: Int, _ expected: String, _ found: String) -> DataError {
    DataError(
        message: "\(path): line \(line): expected \(expected), found \(found): take the line out, and measure again")
}

/// A line of the table, by the names of its columns.
private struct Line {
    let path: String
    let number: Int
    let cells: [String]
    let columns: [String]

    private func damaged(_ expected: String, _ found: String) -> DataError {
        damagedLine(path, number, expected, found)
    }

    private func text(_ name: String) throws -> String {
        guard let place = columns.firstIndex(of: name) else {
            throw DataError(
                message: "\(path): line 1: expected a column '\(name)', found none: is it a table of 'scaling run'?")
        }
        return cells[place]
    }

    private func value<T>(_ name: String, _ expected: String, _ parse: (String) -> T?) throws -> T {
        let text = try text(name)
        guard let value = parse(text) else { throw damaged("\(expected) as \(name)", "'\(text.escaped)'") }
        return value
    }

    private func count(_ name: String, in range: ClosedRange<Int>) throws -> Int {
        try value(name, "a whole number from \(range.lowerBound) to \(range.upperBound)") {
            Int($0).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    private func name(_ column: String, atMost length: Int) throws -> String {
        try value(column, "1 to \(length) letters, digits, dots, hyphens and underscores") {
            ScalingTable.isName($0, atMost: length) ? $0 : nil
        }
    }

    /// A time has nine decimals, so none is between 0 and the smallest that these show.
    private func spread(_ phase: StepPhase) throws -> TimeSpread {
        // Tables of older programs have other names.
        let name = columns.contains("\(phase.rawValue)_median") ? phase.rawValue : phase.formerName ?? phase.rawValue
        let spread = TimeSpread(
            try TimeSpread.names.map { part in
                try value("\(name)_\(part)", "seconds, 0 or 0.000000001 to 1000000") {
                    Double($0).flatMap { $0 == 0 || (1e-9...1e6).contains($0) ? $0 : nil }
                }
            })
        let ascending = [spread.min, spread.p10, spread.median, spread.p90, spread.max]
        guard ascending == ascending.sorted() else {
            throw damaged(
                "min, p10, median, p90 and max of \(name) in ascending order",
                ascending.map { "\($0)" }.joined(separator: ", "))
        }
        return spread
    }

    func row() throws -> ScalingTable.Row {
        let exchange = try value("exchange", "an exchange such as owned, dynamic-ring or lowrank4", ExchangeMethod.init)
        let configuration = Configuration(
            job: try value("job", "mlp, convnet or rica") { ["mlp", "convnet", "rica"].contains($0) ? $0 : nil },
            model: try name("model", atMost: ScalingTable.longestModel),
            learned: try value("learned", "a proportion above 0, up to 1") {
                Double($0).flatMap { $0 > 0 && $0 <= 1 ? $0 : nil }
            },
            columns: try count("columns", in: ScalingTable.columns), exchange: exchange,
            layers: columns.contains("layers")
                ? try value("layers", "units x values of every layer, such as 500x79+10x501,", LayerShape.layers) : [])
        let row = ScalingTable.Row(
            configuration: configuration, mode: try value("mode", "strong or weak", BatchMode.init),
            ranks: try count("ranks", in: ScalingTable.ranks), hosts: try count("hosts", in: ScalingTable.ranks),
            oversubscribed: try value("oversubscribed", "true or false", Bool.init), link: try name("link", atMost: 64),
            batch: try count("batch", in: ScalingTable.batch), steps: try count("steps", in: ScalingTable.steps),
            payloadBytes: try count("payloadBytes", in: ScalingTable.bytes),
            wireBytes: try count("wireBytes", in: ScalingTable.bytes),
            peakBytes: try count("peakBytes", in: ScalingTable.bytes),
            times: Dictionary(uniqueKeysWithValues: try StepPhase.allCases.map { ($0, try spread($0)) }))
        try check(row)
        return row
    }

    /// What the numbers of a row say of each other.
    private func check(_ row: ScalingTable.Row) throws {
        let ranks = row.ranks
        guard row.configuration.exchange.order.works(ranks: ranks) else {
            throw damaged("a reproducible reduction on \(ShardTree.shards) ranks at most", "\(ranks)")
        }
        guard row.configuration.hasPossibleWidths else {
            throw damaged("widths from 1 to \(Configuration.mostUnits) as model", "'\(row.configuration.model)'")
        }
        guard row.hosts <= ranks else { throw damaged("hosts up to the \(ranks) of ranks", "\(row.hosts)") }
        guard row.mode == .strong || row.batch.isMultiple(of: ranks) else {
            throw damaged("as batch, where mode is weak, a multiple of the \(ranks) ranks", "\(row.batch)")
        }
        guard ranks > 1 || row.wireBytes == 0 else { throw damaged("0 as wireBytes of one rank", "\(row.wireBytes)") }
        guard row.step.median > 0 else { throw damaged("a step of more than 0 seconds", "\(row.step.median)") }
    }
}
