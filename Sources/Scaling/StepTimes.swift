import Layers
import LinearAlgebra
import Parallel
import Runs

/// The parts of a step that are timed.
public enum StepPhase: String, CaseIterable, Sendable {
    /// All of it: compute, wait and exchange.
    case step
    /// A rank's own arithmetic, with the two that follow.
    case compute
    /// W = Uw.
    case expand
    /// Uᵀ∂L/∂W.
    case projectGradient = "project_gradient"
    /// For the slowest rank: a barrier before the exchange; none where gradients leave during backward, since it would
    /// wait for them, too.
    case wait
    /// Exchanging values between ranks, with what a rank packs, sums, rounds and factors for it; where there is no
    /// barrier, with the wait.
    case exchange

    /// What the phase was called in older tables.
    var formerName: String? {
        switch self {
        case .expand: "rebuild"
        case .projectGradient: "project"
        case .step, .compute, .wait, .exchange: nil
        }
    }
}

/// What the times of many steps say, in seconds.
public struct TimeSpread: Equatable, Sendable {
    /// The quantiles: the middle one, those below which 10 and 90 % lie, and the ends.
    public let median, p10, p90, min, max: Double

    /// The names of `values`.
    static let names = ["median", "p10", "p90", "min", "max"]
    var values: [Double] { [median, p10, p90, min, max] }

    /// - Parameter values: in the order of `names`.
    init(_ values: [Double]) {
        (median, p10, p90, min, max) = (values[0], values[1], values[2], values[3], values[4])
    }

    fileprivate static func values(of times: [Double]) -> [Double] {
        let sorted = times.sorted()
        return [0.5, 0.1, 0.9, 0, 1].map { Statistics.quantile($0, ofSorted: sorted) }
    }
}

extension [StepPhase: TimeSpread] {
    /// Seconds of a step that predicting weights saves: what wait and exchange are shorter than another's, without
    /// expand and project gradient. Medians. The wait is among it, since that of owners cannot be told from their
    /// exchange.
    ///
    /// - Parameter full: the times of the same model where full weights are exchanged.
    public func netGain(over full: Self) -> Double {
        func median(_ phases: StepPhase..., of times: Self) -> Double { phases.reduce(0) { $0 + times[$1]!.median } }
        return median(.wait, .exchange, of: full) - median(.wait, .exchange, .expand, .projectGradient, of: self)
    }
}

/// The times of a rank's steps, in memory that is made before the first.
struct StepTimes {
    /// Phases × samples.
    private let seconds: Matrix<Double>
    /// Samples so far. One is a step, or the mean of several.
    private(set) var count = 0

    init(capacity: Int) { seconds = Matrix(rows: StepPhase.allCases.count, columns: capacity) }

    /// Adds a part of a sample, in seconds.
    ///
    /// - Parameters:
    ///   - sample: the last one that was added to, or the next.
    ///   - weight: one over the parts that make a sample.
    mutating func add(to sample: Int, weight: Double = 1, _ step: StepTimer.Seconds) {
        count = sample + 1
        for (phase, value) in StepPhase.allCases.enumerated() {
            let time =
                switch value {
                case .step: step.all
                case .compute: step.compute
                case .expand: step.expand
                case .projectGradient: step.projectGradient
                case .wait: step.wait
                case .exchange: step.exchange
                }
            seconds[phase, sample] += weight * time
        }
    }

    /// Over samples on every rank, then the largest of a rank, each number by itself: so the median of a step need not
    /// be the sum of those of its parts. One allreduce of 240 bytes.
    func spreads(over communicator: Communicator) throws -> [StepPhase: TimeSpread] {
        var all = StepPhase.allCases.indices.flatMap { phase in
            TimeSpread.values(of: (0..<count).map { seconds[phase, $0] })
        }
        try all.withUnsafeMutableBufferPointer { try communicator.allReduce(inPlace: $0, .max) }
        let width = TimeSpread.names.count
        return Dictionary(
            uniqueKeysWithValues: StepPhase.allCases.enumerated().map {
                ($1, TimeSpread(Array(all[$0 * width..<($0 + 1) * width])))
            })
    }
}
