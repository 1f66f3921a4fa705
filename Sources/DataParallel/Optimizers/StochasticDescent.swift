import Layers
import LinearAlgebra
import Parallel

/// A loss that is a mean over samples, of which a step sees a batch.
public protocol BatchObjective: AnyObject {
    /// Expands W of values that have changed. Called in every step before the first `gradient`.
    func expand()

    /// The sum of the losses of some of this rank's samples and how many of them are wrong; their gradient, times
    /// `scale`, is left where the descent was told. No samples are a gradient of zeros.
    ///
    /// - Parameters:
    ///   - first: the number of the first of them among all that all ranks have seen, as random draws count them.
    ///   - completed: called with parameters whose gradient is complete while the rest is still to be computed: on
    ///     every rank the same ones in the same order.
    func gradient(
        of samples: ArraySlice<Int>, scale: Double, first: Int, completed: (Int) -> Void
    ) -> (loss: Double, errors: Int)
}

extension BatchObjective {
    public func expand() {}
}

/// Data-parallel stochastic gradient descent: the batch is global, every rank takes its cut of it, and one exchange a
/// step gives all ranks the same new values. The order of the samples depends on seed and epoch alone, so a run means
/// the same at every rank count; a last batch that is smaller, or that the rank count does not divide, is cut like any
/// other.
public final class StochasticDescent {
    public struct Options: Sendable {
        public var seed: UInt64
        /// The random stream of the orders: another for each use of the seed.
        public var stream: Int
        /// Samples per step, on all ranks.
        public var batch: Int
        /// The epochs of the whole run, which the schedule counts.
        public var epochs: Int
        /// η of the first update.
        public var learningRate: Double
        public var schedule: RateSchedule
        public var rule: SGD.Options

        public init(
            seed: UInt64, stream: Int = 0, batch: Int, epochs: Int, learningRate: Double, schedule: RateSchedule,
            rule: SGD.Options
        ) {
            self.seed = seed
            self.stream = stream
            self.batch = batch
            self.epochs = epochs
            self.learningRate = learningRate
            self.schedule = schedule
            self.rule = rule
        }
    }

    /// Whether a barrier before each exchange, unless it has begun during backward, tells the wait for other ranks from
    /// the exchange.
    public var measuresWait = false
    private let objective: any BatchObjective
    private let values: LearnedValues
    private let gradient: LearnedValues
    private let exchange: any Exchange
    private let options: Options
    private let watched: Int
    private let onDivergence: String
    private let communicator: Communicator
    private let timer: StepTimer
    private let rule: SGD
    /// The losses of this epoch in the places of this rank's parts.
    private var losses: [Double]
    private let clock = ContinuousClock()

    /// - Parameters:
    ///   - values: the start, the same on every rank; hold the result afterwards.
    ///   - gradient: where the objective leaves its gradient.
    ///   - weightsPerUnit: how many values of a unit are weights, for every parameter, as `SGD` has them.
    ///   - watched: a parameter whose last value a loss that is not a number leaves not a number, either.
    ///   - onDivergence: what was done when the loss became no number, and what to do.
    ///   - timer: measures every step.
    public init(
        _ objective: any BatchObjective, values: LearnedValues, gradient: LearnedValues, weightsPerUnit: [Int],
        exchange: any Exchange,
        options: Options, watched: Int, onDivergence: String, communicator: Communicator, timer: StepTimer
    ) {
        self.objective = objective
        self.values = values
        self.gradient = gradient
        self.exchange = exchange
        self.options = options
        self.watched = watched
        self.onDivergence = onDivergence
        self.communicator = communicator
        self.timer = timer
        rule = SGD(values, updated: exchange.updated, weightsPerUnit: weightsPerUnit, options: options.rule)
        losses = [Double](
            repeating: 0, count: exchange.order.slots(rank: communicator.rank, ranks: communicator.size).count)
    }

    /// Runs epochs over the samples given and returns the last. `report` is called on every rank after each.
    ///
    /// A step is one exchange; an epoch adds an allreduce of 16 bytes, in a fixed order 72.
    ///
    /// - Parameters:
    ///   - state: where an earlier descent ended, which this one goes on from.
    ///   - last: the number of the last epoch; nil: the options' last.
    ///   - watch: called on every rank after so many steps, or as soon after them as all ranks hold the same values,
    ///     with loss and error of the epoch before.
    /// - Throws: `Divergence`, on all ranks at the same step, where values are averaged after an exchange; `MPIError`;
    ///   what `report` and `watch` throw.
    @discardableResult
    public func run(
        samples: [Int], from state: TrainingState = TrainingState(), through last: Int? = nil,
        watch: (every: Int, body: (TrainingState) throws -> Void)? = nil,
        _ report: (TrainingState) throws -> Void = { _ in }
    ) throws -> TrainingState {
        let start = clock.now, before = state.seconds,
            total = options.epochs * ((samples.count + options.batch - 1) / options.batch)
        var state = state, reporting = 0.0, watched = state.steps
        for epoch in state.epoch + 1..<(last ?? options.epochs) + 1 {
            let draws = RandomStream(seed: options.seed, purpose: .order, stream: options.stream << 20 | epoch)
            let order = draws.permutation(of: samples.count).map { samples[$0] }
            var errors = 0
            for part in losses.indices { losses[part] = 0 }
            for first in stride(from: 0, to: order.count, by: options.batch) {
                errors += try step(
                    on: order[first..<min(first + options.batch, order.count)],
                    first: (epoch - 1) * order.count + first,
                    learningRate: options.schedule.rate(options.learningRate, at: state.steps, of: total))
                state.steps += 1
                guard exchange.isSynchronized else { continue }
                try checkFinite(step: state.steps)
                if let watch, state.steps / watch.every > watched / watch.every {
                    watched = state.steps
                    state.seconds = before + (clock.now - start).seconds - reporting
                    reporting += try clock.measure { try watch.body(state) }.seconds
                }
            }
            try timer.measure(.exchange) { try exchange.synchronize(values, timer: timer) }
            try checkFinite(step: state.steps)
            var sums = losses + [Double(errors)]
            try sums.withUnsafeMutableBufferPointer { try communicator.allReduce(inPlace: $0) }
            state.epoch = epoch
            state.error = sums.removeLast() / Double(order.count)
            state.loss = sums.withUnsafeMutableBufferPointer { ShardTree.sum($0) } / Double(order.count)
            state.seconds = before + (clock.now - start).seconds - reporting
            reporting += try clock.measure { try report(state) }.seconds
        }
        return state
    }

    /// Makes one step: the gradient of this rank's cut of a batch, or of each of its shards, an exchange, an update.
    ///
    /// - Parameters:
    ///   - batch: the samples of all ranks.
    ///   - first: the number of the first of them among all that were seen.
    /// - Returns: how many of this rank's samples are predicted wrong.
    /// - Throws: `MPIError`.
    public func step(on batch: ArraySlice<Int>, first: Int, learningRate: Double) throws -> Int {
        rule.learningRate = learningRate
        let errors = timer.measure(.compute) { gradient(of: batch, first: first) }
        // A barrier behind parameters that have left would wait for the network.
        if measuresWait, !exchange.hasStarted { try timer.measure(.wait) { try communicator.barrier() } }
        try timer.measure(.exchange) { try exchange.step(values, gradient: gradient, rule: rule, timer: timer) }
        return errors
    }

    private func gradient(of batch: ArraySlice<Int>, first: Int) -> Int {
        var wrong = 0
        let parts = exchange.order.parts(of: batch.count, rank: communicator.rank, ranks: communicator.size)
        objective.expand()
        for part in parts.own {
            let own = parts[part]
            let (loss, errors) = objective.gradient(
                of: batch[batch.startIndex + own.lowerBound..<batch.startIndex + own.upperBound],
                scale: 1 / Double(exchange.isLocal ? max(own.count, 1) : batch.count), first: first + own.lowerBound
            ) { parameter in
                guard exchange.order == .fast else { return }
                timer.measure(.exchange) { exchange.markReady(parameter, of: gradient) }
            }
            wrong += errors
            losses[exchange.order == .fast ? 0 : part] += loss
            if exchange.order == .fixed { exchange.take(gradient) }
        }
        return wrong
    }

    /// All ranks have the same values, so all leave at the same step.
    private func checkFinite(step: Int) throws {
        let parameter = values.parameters[watched]
        guard values.flat[0, parameter.offset + parameter.count - 1].isFinite else {
            throw Divergence(description: "the loss is not a number at step \(step) of \(onDivergence)")
        }
    }
}

/// A loss that is not a number. All ranks find it at the same step, but none knows that the others do: agree before it
/// ends a job.
public struct Divergence: Error, CustomStringConvertible {
    public let description: String
}
