/// Measures where the time of training steps goes on this rank.
///
/// Compute, wait and exchange exclude each other: what is measured inside of another pauses it. Expanding weights and
/// projecting gradients are parts of compute, and pause nothing.
public final class StepTimer {
    /// What a step does, in the order of `Seconds`.
    public enum Phase: Int, CaseIterable, Sendable {
        /// The rank's own arithmetic.
        case compute
        /// A barrier before an exchange, for the slowest rank.
        case wait
        /// Values between ranks; without a barrier the wait for other ranks, too.
        case exchange
        /// W = Uw.
        case expand
        /// Uᵀ∂L/∂W.
        case projectGradient

        fileprivate var isPart: Bool { self == .expand || self == .projectGradient }
    }

    /// Seconds in every phase.
    public struct Seconds: Sendable {
        public var compute = 0.0, wait = 0.0, exchange = 0.0, expand = 0.0, projectGradient = 0.0

        public init() {}

        /// The sum of those that exclude each other.
        public var all: Double { compute + wait + exchange }
    }

    private let clock = ContinuousClock()
    private var sums = [Duration](repeating: .zero, count: Phase.allCases.count)
    private var current: Phase?
    private var since: ContinuousClock.Instant

    public init() { since = clock.now }

    /// Runs `body` and counts its time as that of `phase`.
    public func measure<Result>(_ phase: Phase, _ body: () throws -> Result) rethrows -> Result {
        if phase.isPart {
            let begin = clock.now
            defer { sums[phase.rawValue] += clock.now - begin }
            return try body()
        }
        let outer = current
        change(to: phase)
        defer { change(to: outer) }
        return try body()
    }

    /// The seconds since the last lap, or since the timer was made.
    public func lap() -> Seconds {
        change(to: current)
        var seconds = Seconds()
        seconds.compute = sums[0].seconds
        seconds.wait = sums[1].seconds
        seconds.exchange = sums[2].seconds
        seconds.expand = sums[3].seconds
        seconds.projectGradient = sums[4].seconds
        for i in sums.indices { sums[i] = .zero }
        return seconds
    }

    /// The seconds of every phase since the last lap, in their order; a run that goes on sets those of the run before.
    package var phases: [Double] {
        get {
            change(to: current)
            return sums.map(\.seconds)
        }
        set { sums = newValue.map { .seconds($0) } }
    }

    private func change(to phase: Phase?) {
        let now = clock.now
        if let current { sums[current.rawValue] += now - since }
        current = phase
        since = now
    }
}

extension Duration {
    package var seconds: Double { Double(components.seconds) + 1e-18 * Double(components.attoseconds) }
}
