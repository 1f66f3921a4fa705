import Scaling

/// Measurements of one configuration on one network, at several rank counts.
public struct ScalingSeries: Sendable {
    /// What was computed, and how values travelled.
    public let configuration: Configuration
    /// What stays the same while ranks are added.
    public let mode: BatchMode
    /// The user's name for the network.
    public let link: String
    /// The samples of all ranks in `strong`, per rank in `weak`.
    public let batch: Int
    /// By rank count; not empty.
    public let rows: [ScalingTable.Row]

    /// What speedup and efficiency are measured against: the fewest ranks. Nil where even they share cores.
    public var base: ScalingTable.Row? { rows.first { !$0.oversubscribed } }

    /// Samples a second over those of the base: in `strong` the time of its step over this row's. Nil for ranks that
    /// share cores.
    public func speedup(_ row: ScalingTable.Row) -> Double? {
        guard let base, !row.oversubscribed else { return nil }
        return Double(row.batch) / row.step.median / (Double(base.batch) / base.step.median)
    }

    /// The speedup over how many times as many ranks there are.
    public func efficiency(_ row: ScalingTable.Row) -> Double? {
        speedup(row).map { $0 * Double(base!.ranks) / Double(row.ranks) }
    }

    /// All series of a table: models, modes and links in natural order, the dense net first, others by falling
    /// proportion, `full` first.
    public static func all(of rows: [ScalingTable.Row]) -> [ScalingSeries] {
        struct Key: Hashable {
            let configuration: Configuration
            let mode: BatchMode
            let link: String
            let batch: Int
        }
        let groups = Dictionary(grouping: rows) { row in
            Key(
                configuration: row.configuration, mode: row.mode, link: row.link,
                batch: row.mode == .strong ? row.batch : row.samplesPerRank)
        }
        return groups.map { key, rows in
            ScalingSeries(
                configuration: key.configuration, mode: key.mode, link: key.link, batch: key.batch,
                rows: rows.sorted { $0.ranks < $1.ranks })
        }.sorted { a, b in
            for (first, second) in [
                (a.configuration.job, b.configuration.job), (a.configuration.model, b.configuration.model),
                (a.mode.rawValue, b.mode.rawValue), (a.link, b.link), ("\(a.batch)", "\(b.batch)"),
            ] where first != second { return inNaturalOrder(first, second) }
            return a.configuration.standsBefore(b.configuration)
        }
    }
}

extension Configuration {
    /// The dense net first, then by falling proportion; of one net `full` first, then by name.
    public func standsBefore(_ other: Configuration) -> Bool {
        if learned != other.learned { return learned > other.learned }
        if columns != other.columns { return columns < other.columns }
        if exchange.isFull != other.exchange.isFull { return exchange.isFull }
        return inNaturalOrder(exchange.label, other.exchange.label)
    }
}
