import Foundation
import Runs

/// What a step takes, in seconds.
public struct StepTime: Sendable {
    /// Without `expand` and `projectGradient`; with the wait for the slowest rank, but where gradients leave during
    /// backward it is in `exchange`.
    public let compute, expand, projectGradient, exchange: Double
    /// All of it.
    public var total: Double { compute + expand + projectGradient + exchange }
}

/// The time of a step from measurements: compute + expand + projectGradient + exchange, where of a configuration
///
///     compute = κ · (fixed + perSample · samples of a rank), expand and projectGradient κ · constants exchange =
///     √((κ · latency · hops(P))² + ((wire bytes − burst) / bandwidth)²) + κ · payload · handling
///
/// The longer of hops and bytes counts most: while bytes of some messages wait for the link, others make their hops.
/// That it is the root of their squares is no theory: it foretells measurements better than a sum (docs/SCALING.md).
///
/// Latency is a constant of a network, bandwidth of a network and an algorithm (`ExchangeMethod.Algorithm`), since
/// MPI's allreduce, a ring and owners do not reach the same; on a link whose name is a rate (`100mbit`) none is above
/// it. Handling (copying, summing, rounding, PowerSGD's products) is of a configuration; what a rank rounds or factors
/// it does alone, too. κ is 1 for ranks with cores of their own, ⌈P/cores⌉ for ranks that share them
/// (oversubscribed rows), since the slowest core sets the pace; there `cores` is fitted, too, and so are latency and
/// bandwidth of every network, for such rows by themselves, and `burst`.
///
/// Fitted by non-negative least squares on relative errors of medians, compute and exchange apart (`ExchangeFit`). No
/// overlap of the two, no wait that grows with the rank count, no other traffic.
///
/// A network that was not measured has the rate that the user says, and the latency, or that of the next faster
/// measured link, else of the next slower one, of those whose ranks share cores, or do not, as asked, where there are
/// any; algorithms reach the part of the rate that they reached on measured links whose names are rates, the median,
/// all of it where there is none.
public struct CostModel: Sendable {
    private struct Work {
        let fixed, perSample, expand, projectGradient: Double
        /// Bytes of a step.
        let payload: Double
    }
    private struct Link: Hashable {
        let name: String
        let sharesCores: Bool
    }
    private struct Stream: Hashable {
        let link: Link
        let algorithm: ExchangeMethod.Algorithm
    }

    /// For a network without a rate, or without a measured link whose name is one: an Ethernet switch and a kernel on
    /// either side.
    public static let usualLatency = 50e-6

    private let works: [Configuration: Work]
    private let latencies: [Link: Double]
    /// Seconds a byte.
    private let streams: [Stream: Double]
    /// Seconds a byte of payload.
    private let handlings: [Configuration: Double]
    /// What was measured between ranks.
    private let betweenRanks: Set<Configuration>
    /// What the ranks of oversubscribed rows had together: the number that explains their compute times best, of equals
    /// the fewest; nil where there is no such row.
    public let cores: Int?
    /// Where ranks share cores, as on hosts that are emulated on one machine, what a link whose name is a rate lets
    /// pass at once in an exchange, in seconds at that rate: emulated links are token buckets, `scripts/netlab`'s of a
    /// millisecond, but at least 16 kB, more than that below 128 Mbit/s. The number that explains the exchanges of
    /// those rows best; 0 without them.
    public let burst: Double
    /// In the order of the table.
    public let configurations: [Configuration]

    /// Fits the constants. With oversubscribed rows the compute times are fitted for the numbers of cores from the most
    /// ranks that had one each to below the fewest that had not (`coreCounts`), and the exchanges for bursts of 0 to
    /// 2 ms.
    public init(_ rows: [ScalingTable.Row]) {
        configurations = rows.map(\.configuration).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
        let shared = Set(rows.filter(\.oversubscribed).map(\.ranks))
        if let fewest = shared.min() {
            let most = rows.filter { !$0.oversubscribed && $0.ranks < fewest }.map(\.ranks).max() ?? 1
            let fits = Self.coreCounts(from: most, to: max(most, fewest - 1), ranks: shared)
                .map { (cores: $0, fit: Self.works(rows, cores: $0)) }
            let best = fits.min { $0.fit.squares < $1.fit.squares }!
            (cores, works) = (best.cores, best.fit.works)
        } else {
            (cores, works) = (nil, Self.works(rows, cores: nil).works)
        }

        // On one rank nothing travels: handling is all there is.
        let cores = cores
        let measured = rows.filter { ($0.ranks > 1 || $0.configuration.exchange.compresses) && $0.exchange.median > 0 }
        let between = measured.filter { $0.ranks > 1 }
        func link(_ row: ScalingTable.Row) -> Link { Link(name: row.link, sharesCores: row.oversubscribed) }
        func stream(
            _ row: ScalingTable.Row
        ) -> Stream {
            Stream(link: link(row), algorithm: row.configuration.exchange.algorithm)
        }
        let links = Self.places(between.map(link)), streams = Self.places(between.map(stream))
        let handlings = Self.places(measured.map(\.configuration))
        // What a link's rate alone takes is known where its name is one: only what an algorithm takes beyond is fitted,
        // so that none is faster than its link, and a payload's handling cannot take the place of its bytes.
        func leastPerByte(_ link: String) -> Double { Interconnect.rate(link).map { 8 / $0 } ?? 0 }
        func fit(burst: Double) -> (x: [Double], squares: Double) {
            let exchanges = measured.map { row in
                let slowdown = Self.slowdown(row.oversubscribed, row.ranks, cores), travels = row.ranks > 1
                let queued = Self.queued(
                    Double(row.wireBytes), of: row.configuration.exchange, bitsPerSecond: Interconnect.rate(row.link),
                    burst: row.oversubscribed ? burst : 0)
                return MeasuredExchange(
                    seconds: row.exchange.median,
                    hops: travels ? slowdown * row.configuration.exchange.hops(ranks: row.ranks) : 0,
                    bytes: travels ? queued : 0, payload: slowdown * Double(row.payloadBytes),
                    latency: travels ? links[link(row)]! : 0,
                    perByte: travels ? links.count + streams[stream(row)]! : 0,
                    handling: links.count + streams.count + handlings[row.configuration]!,
                    leastPerByte: leastPerByte(row.link))
            }
            return ExchangeFit.constants(links.count + streams.count + handlings.count, of: exchanges)
        }
        let onEmulatedLinks = between.contains { $0.oversubscribed && Interconnect.rate($0.link) != nil }
        let fits = (onEmulatedLinks ? Array(0...8) : [0]).map { 0.00025 * Double($0) }.map {
            (burst: $0, fit: fit(burst: $0))
        }
        let best = fits.min { $0.fit.squares < $1.fit.squares }!, x = best.fit.x
        burst = best.burst
        betweenRanks = Set(between.map(\.configuration))
        latencies = links.mapValues { x[$0] }
        self.streams = Dictionary(
            uniqueKeysWithValues: streams.map { ($0, leastPerByte($0.link.name) + x[links.count + $1]) })
        self.handlings = handlings.mapValues { x[links.count + streams.count + $0] }
    }

    /// The time of a step.
    ///
    /// - Parameters:
    ///   - batch: the samples of all ranks together.
    ///   - oversubscribed: whether ranks share as many cores as those of the table's oversubscribed rows did.
    /// - Returns: nil for a configuration that was not measured, or for several ranks not between ranks, an exchange
    ///   that there is not on so many, a network of which nothing is known, `oversubscribed` without such rows, or
    ///   where rows contradict each other so much that no time is left.
    public func predict(
        _ configuration: Configuration, ranks: Int, batch: Int, on network: Interconnect, oversubscribed: Bool = false
    ) -> StepTime? {
        guard let work = works[configuration], cores != nil || !oversubscribed,
            configuration.exchange.order.works(ranks: ranks)
        else { return nil }
        let slowdown = Self.slowdown(oversubscribed, ranks, cores)
        let samples = Double(configuration.exchange.order.largestRange(of: batch, ranks: ranks))
        let method = configuration.exchange
        var exchange = 0.0
        if ranks > 1 || method.compresses {
            guard let handling = handlings[configuration] else { return nil }
            exchange = slowdown * handling * work.payload
        }
        if ranks > 1 {
            guard betweenRanks.contains(configuration),
                let perByte = secondsPerByte(of: method.algorithm, on: network, oversubscribed)
            else { return nil }
            let queued = Self.queued(
                configuration.wireBytes(payload: work.payload, ranks: ranks), of: method,
                bitsPerSecond: Interconnect.rate(network.name), burst: oversubscribed ? burst : 0)
            exchange += ExchangeFit.travel(
                hops: slowdown * latency(on: network, oversubscribed: oversubscribed).seconds
                    * method.hops(ranks: ranks),
                bytes: perByte * queued)
        }
        let time = StepTime(
            compute: slowdown * (work.fixed + work.perSample * samples), expand: slowdown * work.expand,
            projectGradient: slowdown * work.projectGradient, exchange: exchange)
        return time.total > 0 ? time : nil
    }

    /// Where the latency of a network is from.
    public enum LatencySource: Hashable, Sendable {
        /// The user's.
        case given
        /// Measured on that link.
        case measured
        /// That of the measured link of this name, the next faster (the slower a link, the more of its hops bytes
        /// hide), else the next slower, of those whose ranks share cores, or do not, as asked, where there are any.
        case neighbour(link: String)
        /// `usualLatency`.
        case assumed
    }

    /// Seconds of a hop: the user's, else from the first source that there is.
    public func latency(on network: Interconnect, oversubscribed: Bool) -> (seconds: Double, source: LatencySource) {
        if let given = network.latency { return (given, .given) }
        if let measured = latencies[Link(name: network.name, sharesCores: oversubscribed)] {
            return (measured, .measured)
        }
        guard let rate = network.bitsPerSecond else { return (Self.usualLatency, .assumed) }
        // Among links of one rate the first by name is taken, so that every run of a program takes the same.
        let others = latencies.compactMap { link, seconds in
            Interconnect.rate(link.name).map {
                let apart = (
                    link.sharesCores == oversubscribed ? 0 : 1, $0 < rate ? 1 : 0, abs(log($0 / rate)), link.name
                )
                return (link: link, seconds: seconds, order: apart)
            }
        }
        return others.min { $0.order < $1.order }.map { ($0.seconds, .neighbour(link: $0.link.name)) } ?? (
            Self.usualLatency, .assumed
        )
    }

    /// Returns what was measured on that link, else what its rate says; nil without one.
    private func secondsPerByte(
        of algorithm: ExchangeMethod.Algorithm, on network: Interconnect, _ oversubscribed: Bool
    ) -> Double? {
        streams[Stream(link: Link(name: network.name, sharesCores: oversubscribed), algorithm: algorithm)]
            ?? network.bitsPerSecond.map { inflation(of: algorithm, oversubscribed) * 8 / $0 }
    }

    /// How many times as long as at the whole rate an algorithm's bytes take, on measured links whose names are rates:
    /// the median; 1 where there is none.
    private func inflation(of algorithm: ExchangeMethod.Algorithm, _ oversubscribed: Bool) -> Double {
        func median(_ all: [Stream: Double]) -> Double? {
            Statistics.median(
                all.compactMap { stream, perByte in
                    stream.algorithm == algorithm ? Interconnect.rate(stream.link.name).map { perByte * $0 / 8 } : nil
                })
        }
        return median(streams.filter { $0.key.link.sharesCores == oversubscribed }) ?? median(streams) ?? 1
    }

    /// The bytes of a step, the mean over steps, that do not pass at once.
    private static func queued(
        _ wireBytes: Double, of method: ExchangeMethod, bitsPerSecond: Double?, burst: Double
    ) -> Double {
        max(0, wireBytes - burst * (bitsPerSecond ?? 0) / 8 / Double(method.period))
    }

    private static func slowdown(_ oversubscribed: Bool, _ ranks: Int, _ cores: Int?) -> Double {
        guard oversubscribed, let cores else { return 1 }
        return Double((ranks + cores - 1) / cores)
    }

    /// Numbers of cores in ascending order, of those that give each of the rank counts the same slowdown only the
    /// fewest; from 64 on a number is a 64th larger than the one before at least, so that there are some hundreds at
    /// most.
    package static func coreCounts(from most: Int, to last: Int, ranks: Set<Int>) -> [Int] {
        var counts = [most]
        while let cores = counts.last {
            // The slowdown ⌈P/cores⌉ = κ falls at ⌈P/(κ − 1)⌉ cores.
            let changes = ranks.compactMap { ranks -> Int? in
                let slowdown = (ranks + cores - 1) / cores
                return slowdown > 1 ? (ranks + slowdown - 2) / (slowdown - 1) : nil
            }
            guard let next = changes.min().map({ max($0, cores + cores / 64) }), next <= last else { break }
            counts.append(next)
        }
        return counts
    }

    private static func places<Key: Hashable>(_ keys: [Key]) -> [Key: Int] {
        keys.reduce(into: [:]) { if $0[$1] == nil { $0[$1] = $0.count } }
    }

    /// The constants of every configuration, and the sum of squared relative errors of their compute times.
    private static func works(
        _ rows: [ScalingTable.Row], cores: Int?
    ) -> (works: [Configuration: Work], squares: Double) {
        var squares = 0.0
        let works = Dictionary(grouping: rows, by: \.configuration).mapValues { rows in
            let slow = rows.map { slowdown($0.oversubscribed, $0.ranks, cores) }
            let all = rows.map { max($0.step.median - $0.exchange.median, $0.compute.median, 1e-9) }
            let rest = zip(rows, all).map { max(0, $1 - $0.expand.median - $0.projectGradient.median) / $1 }
            let samples = rows.map {
                Double($0.configuration.exchange.order.largestRange(of: $0.batch, ranks: $0.ranks))
            }
            let a = rows.indices.map { [slow[$0] * samples[$0] / all[$0], slow[$0] / all[$0]] }
            let fit = nonNegativeLeastSquares(a, rest)
            squares += fit.squares
            func constant(_ part: KeyPath<ScalingTable.Row, TimeSpread>) -> Double {
                Statistics.median(zip(rows, slow).map { $0[keyPath: part].median / $1 })!
            }
            return Work(
                fixed: fit.x[1], perSample: fit.x[0], expand: constant(\.expand),
                projectGradient: constant(\.projectGradient),
                payload: Statistics.mean(rows.map { Double($0.payloadBytes) }))
        }
        return (works, squares)
    }
}
