import Layers
import LinearAlgebra
import Parallel
import Partition

/// L-BFGS on learned values that the ranks own in shares, with a strong Wolfe line search.
///
/// An evaluation: the owners write the trial point, one allgather gives it to every rank; each rank forms the gradient
/// of its samples; one reduce-scatter leaves the sums with the owners; one allreduce of 16 bytes sums objective and
/// slope. An iteration adds one small allreduce (`CurvatureHistory`). So the busiest rank sends N + (P−2)·n_max
/// values and some bytes per evaluation. Memory per rank: two vectors of N values, and 2·pairs + 5 of its share. Where
/// sums are reproducible, `OrderedSum` takes the place of the reduce-scatter, and the small allreduces have a Double,
/// or three times 2·pairs + 1, for every unit.
public final class LBFGS {
    public struct Options: Sendable {
        public var iterations: Int
        /// Pairs of steps and gradient changes kept. Few: with ten, rounding grew thirty times further in fifty RICA
        /// iterations (docs/RESULTS.md).
        public var history = 5
        /// Ends where ten iterations lower the objective by less than this part of it. 0: never.
        public var tolerance = 0.0
        /// How sums over samples, units and ranks are formed.
        public var order: ReductionOrder

        public init(iterations: Int, tolerance: Double = 0, order: ReductionOrder = .fast) {
            self.iterations = iterations
            self.tolerance = tolerance
            self.order = order
        }
    }

    /// Where the optimiser stands after an iteration; iteration 0 is the start.
    public struct Iteration: Sendable {
        public var number: Int
        /// All so far, as are the seconds.
        public var evaluations: Int
        public var objective: Double
        public var seconds: Double

        /// Before the first evaluation.
        public static let none = Iteration(number: 0, evaluations: 0, objective: .nan, seconds: 0)
    }

    /// Whether a barrier before each collective tells the wait for other ranks from the exchange.
    public var measuresWait = false
    private let objective: any ShardedObjective
    private let communicator: Communicator
    private let timer: StepTimer
    private let options: Options
    private let owned: Range<Int>
    private let shares: Cut

    private let values: Matrix<Float>
    private let samplesGradient: Matrix<Float>
    /// The owned values in `values`.
    private let trial: Matrix<Float>
    /// The owned values of the last accepted point.
    private let point: Matrix<Float>
    private let gradient: Matrix<Float>
    private let direction: Matrix<Float>
    private let change: Matrix<Float>
    /// What sums in a reproducible reduction.
    private let sum: OrderedSum<Float>?
    /// The objective, a Double for each of `slots`, then the slope, one for each of `groups`.
    private let scalars: Matrix<Double>
    private let slots: (count: Int, own: Range<Int>)
    private let groups: (count: Int, own: Range<Int>)
    private var history: CurvatureHistory
    private var state = Iteration.none
    /// The objective after each of the last ten iterations.
    private var recent = [Double](repeating: .infinity, count: 10)
    private var isFinished = false
    /// Seconds before `resumed`.
    private var secondsBefore = 0.0
    private var resumed: ContinuousClock.Instant
    private let clock = ContinuousClock()

    /// - Parameters:
    ///   - values: units × values of a unit: the start, the same on every rank; holds the result afterwards.
    ///   - timer: measures every evaluation, and what is done between them.
    public init(
        _ objective: any ShardedObjective, values: Matrix<Float>, communicator: Communicator, options: Options,
        timer: StepTimer = StepTimer()
    ) {
        let units = objective.units, width = objective.valuesPerUnit
        precondition(values.rows == units && values.columns == width)
        self.objective = objective
        self.values = values
        self.communicator = communicator
        self.timer = timer
        self.options = options
        resumed = clock.now
        let cut = Cut(units, into: communicator.size)
        owned = cut[communicator.rank]
        shares = cut.scaled(by: width)
        samplesGradient = Matrix(rows: units, columns: width)
        trial = values.rows(owned)
        point = trial.clone()
        gradient = Matrix(rows: owned.count, columns: width)
        direction = Matrix(rows: owned.count, columns: width)
        change = Matrix(rows: owned.count, columns: width)
        slots = options.order.slots(rank: communicator.rank, ranks: communicator.size)
        precondition(
            objective.parts == slots.own.count, "\(objective.parts) parts of the samples for \(slots.own.count)")
        groups = options.order == .fast ? (1, 0..<1) : (units, owned)
        scalars = Matrix(rows: 1, columns: slots.count + groups.count)
        sum = options.order == .fast ? nil : OrderedSum(shares, communicator: communicator)
        history = CurvatureHistory(capacity: options.history, share: owned.count * width, groups: groups)
    }

    private var share: Int { trial.rows * trial.columns }

    /// Runs to the end and returns the last iteration. `report` is called on every rank after the start and each
    /// iteration.
    ///
    /// - Parameter checkpoints: where the optimiser is a part of the run's state, and what it is called there; nil:
    ///   nowhere.
    /// - Throws: `TrainingError` where the objective is not a number, the same on every rank; `MPIError`; what `report`
    ///   throws.
    @discardableResult
    public func run(
        checkpoints: (all: Checkpoints, name: String)? = nil, _ report: (Iteration) throws -> Void = { _ in }
    ) throws -> Iteration {
        resumed = clock.now
        let isRestored = try checkpoints?.all.attach(self, as: checkpoints!.name) ?? false
        defer { checkpoints?.all.detach(checkpoints!.name) }
        if !isRestored {
            try timer.measure(.compute) {
                state.objective = try evaluate(0, from: nil).value
                try remember(pair: false)
            }
            state.seconds = seconds
            try report(state)
        }
        while !isFinished, state.number < options.iterations {
            isFinished = try !iterate(report)
            try checkpoints?.all.replicas?.check(values, called: checkpoints!.name, iteration: state.number)
            if let checkpoints { try checkpoints.all.tick("iteration \(state.number) of \(checkpoints.name)") }
        }
        if let checkpoints { try checkpoints.all.endPhase("the end of \(checkpoints.name)") }
        return state
    }

    private var seconds: Double { secondsBefore + (clock.now - resumed).seconds }

    /// Makes an iteration, and returns whether another may lead further.
    private func iterate(_ report: (Iteration) throws -> Void) throws -> Bool {
        let isLower = try timer.measure(.compute) { try advance() }
        state.seconds = seconds
        guard isLower else {
            if history.count == 0 { return false }
            history.forget()
            return true
        }
        try report(state)
        let slot = state.number % recent.count
        if options.tolerance > 0, recent[slot] - state.objective < options.tolerance * abs(state.objective) {
            return false
        }
        recent[slot] = state.objective
        return true
    }

    /// Goes on to a lower point.
    ///
    /// - Returns: whether one was found; if not, all is as it was.
    private func advance() throws -> Bool {
        var slope = history.direction(into: direction.pointer)
        if !(slope < 0) {
            history.forget()
            slope = history.direction(into: direction.pointer)
        }
        // Without curvature the gradient's length says nothing of the step's: try one of length 1 or shorter.
        let first = history.count == 0 ? min(1, 1 / history.squaredGradientNorm.squareRoot()) : 1
        point.copy(from: trial)
        let here = WolfeLineSearch.Point(step: 0, value: state.objective, slope: slope)
        let found = try slope < 0
            ? WolfeLineSearch().search(from: here, first: first) { try evaluate($0, from: point) } : nil
        guard let found else {
            _ = try evaluate(0, from: point)
            return false
        }
        state.number += 1
        state.objective = found.value
        try remember(pair: true)
        return true
    }

    /// The objective and its slope at `from + step·direction`, whose gradient is left in `gradient`; at `values` if
    /// nil.
    private func evaluate(_ length: Double, from: Matrix<Float>?) throws -> WolfeLineSearch.Point {
        if let from {
            step(from: from.pointer, along: direction.pointer, by: length, into: trial.pointer, count: share)
        }
        try exchange { try communicator.allGather(inPlace: values.elements, shares: shares) }
        scalars.fill(0)
        for (part, slot) in slots.own.enumerated() {
            scalars[0, slot] = objective.samplesPart(part, at: values, gradient: samplesGradient)
            sum?.take(samplesGradient.elements)
        }
        try exchange {
            if let sum {
                try sum.sum(samplesGradient.elements)
                gradient.copy(from: samplesGradient.rows(owned))
            } else {
                try communicator.reduceScatter(
                    UnsafeBufferPointer(samplesGradient.elements), into: gradient.elements, shares: shares)
            }
        }
        let common = objective.complete(at: values, owned: owned, gradient: gradient)
        // One rank's word for it: on processors of two kinds the last bits differ, and all ranks must search the same
        // line.
        if communicator.isRoot { scalars[0, 0] += common }
        let width = share / max(groups.own.count, 1)
        for (g, group) in groups.own.enumerated() {
            scalars[0, slots.count + group] = dot(
                gradient.pointer + g * width, direction.pointer + g * width, count: width)
        }
        try exchange { try communicator.allReduce(inPlace: scalars.elements) }
        state.evaluations += 1
        let value = ShardTree.sum(UnsafeMutableBufferPointer(rebasing: scalars.elements[..<slots.count]))
        let slope = scalars.elements[slots.count...].reduce(0, +)
        if !value.isFinite || !slope.isFinite {
            // Every rank sees the same sums, so all come here and leave together.
            try communicator.agree {
                throw TrainingError(
                    "the objective is \(value), its slope \(slope), at iteration "
                        + "\(state.number + (from == nil ? 0 : 1)), evaluation \(state.evaluations): expected finite "
                        + "numbers; look at --lambda and the data")
            }
        }
        return WolfeLineSearch.Point(step: length, value: value, slope: slope)
    }

    /// Takes `gradient`, and the pair that led from `point` to `trial`, into the history.
    private func remember(pair: Bool) throws {
        let old = history.gradient
        if pair {
            for i in 0..<share {
                change.pointer[i] = gradient.pointer[i] - old[i]
                direction.pointer[i] = trial.pointer[i] - point.pointer[i]
            }
        }
        old.update(from: gradient.pointer, count: share)
        try history.take(
            step: pair ? UnsafePointer(direction.pointer) : nil, change: pair ? UnsafePointer(change.pointer) : nil
        ) {
            sums in try exchange { try communicator.allReduce(inPlace: sums) }
        }
    }

    private func exchange(_ body: () throws -> Void) throws {
        if measuresWait { try timer.measure(.wait) { try communicator.barrier() } }
        try timer.measure(.exchange, body)
    }
}

extension LBFGS.Iteration {
    /// Hands over all of it.
    ///
    /// - Throws: as `Checkpointable.archive`.
    public mutating func archive(_ name: String, to archive: StateArchive) throws {
        try archive.number("\(name).number", &number)
        try archive.number("\(name).evaluations", &evaluations)
        try archive.number("\(name).objective", &objective)
        try archive.number("\(name).seconds", &seconds)
    }
}

extension LBFGS: Checkpointable {
    /// The point, and what is known of the way there.
    public func archive(to archive: StateArchive) throws {
        state.seconds = seconds
        try state.archive("state", to: archive)
        if archive.isRestoring { (secondsBefore, resumed) = (state.seconds, clock.now) }
        try archive.numbers("recent", &recent)
        try archive.flag("finished", &isFinished)
        try archive.matrix("values", values, .replicated)
        try history.archive(to: archive, rowLength: values.columns, layout: .rows(owned, of: values.rows))
    }
}
