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

        /// The order in which an epoch, the first of which is 1, sees the samples: a function of seed and epoch.
        public func order(of samples: [Int], epoch: Int) -> [Int] {
            RandomStream(seed: seed, purpose: .order, stream: stream << 20 | epoch).permutation(of: samples.count).map {
                samples[$0]
            }
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
    /// The losses of this epoch, one for each slot of `ReductionOrder.slots`.
    private var losses: [Double]
    /// Where the descent stands.
    private var state = TrainingState()
    /// Samples of the epoch under way that are done, on all ranks; those of this rank that were predicted wrong.
    private var done = 0, errors = 0
    /// The steps at the last call of `watch`.
    private var watchedSteps = 0
    /// Seconds of training before `resumed`, and since then what was done beside it.
    private var secondsBefore = 0.0, reporting = 0.0
    private var resumed: ContinuousClock.Instant
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
        resumed = clock.now
        rule = SGD(values, updated: exchange.updated, weightsPerUnit: weightsPerUnit, options: options.rule)
        losses = [Double](
            repeating: 0, count: exchange.order.slots(rank: communicator.rank, ranks: communicator.size).count)
    }

    /// Runs epochs over the samples given and returns the last. `report` is called on every rank after each.
    ///
    /// A step is one exchange; an epoch adds an allreduce of 16 bytes, in a reproducible reduction 72.
    ///
    /// - Parameters:
    ///   - state: where an earlier descent ended, which this one goes on from.
    ///   - last: the number of the last epoch; nil: the options' last.
    ///   - checkpoints: where the descent is a part of the run's state, and what it is called there; nil: nowhere.
    ///   - watch: called on every rank after so many steps, or as soon after them as all ranks hold the same values,
    ///     with loss and error of the epoch before.
    /// - Throws: `Divergence`, on all ranks at the same step, where values are averaged after an exchange; `MPIError`;
    ///   what `report` and `watch` throw.
    @discardableResult
    public func run(
        samples: [Int], from state: TrainingState = TrainingState(), through last: Int? = nil,
        checkpoints: (all: Checkpoints, name: String)? = nil,
        watch: (every: Int, body: (TrainingState) throws -> Void)? = nil,
        _ report: (TrainingState) throws -> Void = { _ in }
    ) throws -> TrainingState {
        resumed = clock.now
        reporting = 0
        if try checkpoints?.all.attach(self, as: checkpoints!.name) != true { begin(state) }
        defer { checkpoints?.all.detach(checkpoints!.name) }
        let total = options.epochs * ((samples.count + options.batch - 1) / options.batch)
        while self.state.epoch < last ?? options.epochs {
            let epoch = self.state.epoch + 1
            let order = options.order(of: samples, epoch: epoch)
            while done < order.count {
                let batch = order[done..<min(done + options.batch, order.count)]
                errors += try step(
                    on: batch, first: (epoch - 1) * order.count + done,
                    learningRate: options.schedule.rate(options.learningRate, at: self.state.steps, of: total))
                self.state.steps += 1
                done = batch.endIndex
                guard exchange.isSynchronized else { continue }
                try checkFinite(step: self.state.steps)
                try checkpoints?.all.replicas?.check(values, step: self.state.steps)
                if let watch, self.state.steps / watch.every > watchedSteps / watch.every {
                    watchedSteps = self.state.steps
                    self.state.seconds = seconds
                    reporting += try clock.measure { try watch.body(self.state) }.seconds
                }
                if let checkpoints { try checkpoints.all.tick("step \(self.state.steps) of \(checkpoints.name)") }
            }
            try timer.measure(.exchange) { try exchange.synchronize(values, timer: timer) }
            try checkFinite(step: self.state.steps)
            try endEpoch(of: order.count)
            reporting += try clock.measure { try report(self.state) }.seconds
        }
        if let checkpoints { try checkpoints.all.endPhase("the end of \(checkpoints.name)") }
        return self.state
    }

    private func begin(_ state: TrainingState) {
        self.state = state
        (done, errors, watchedSteps, secondsBefore) = (0, 0, state.steps, state.seconds)
        for part in losses.indices { losses[part] = 0 }
    }

    /// Sums loss and errors of the epoch over ranks, and makes ready for the next.
    private func endEpoch(of samples: Int) throws {
        var sums = losses + [Double(errors)]
        try sums.withUnsafeMutableBufferPointer { try communicator.allReduce(inPlace: $0) }
        state.epoch += 1
        state.error = sums.removeLast() / Double(samples)
        state.loss = sums.withUnsafeMutableBufferPointer { ShardTree.sum($0) } / Double(samples)
        state.seconds = seconds
        (done, errors) = (0, 0)
        for part in losses.indices { losses[part] = 0 }
    }

    /// Seconds of training so far, without what was done beside it.
    private var seconds: Double { secondsBefore + (clock.now - resumed).seconds - reporting }

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

extension StochasticDescent: Checkpointable {
    /// What was done of the epochs, and the state of optimiser and exchange; the values are the caller's.
    public func archive(to archive: StateArchive) throws {
        try archive.number("epoch", &state.epoch)
        try archive.number("steps", &state.steps)
        try archive.number("loss", &state.loss)
        try archive.number("error", &state.error)
        try archive.number("done", &done)
        try archive.number("watched", &watchedSteps)
        var seconds = seconds, wrong = [Double(errors)]
        try archive.number("seconds", &seconds)
        try archive.numbers("wrong", &wrong, .summed)
        try archive.numbers("losses", &losses, .summed)
        if archive.isRestoring {
            state.seconds = seconds
            (secondsBefore, resumed, reporting) = (seconds, clock.now, 0)
            errors = Int(exactly: wrong[0]) ?? 0
        }
        try rule.archive(to: archive) { exchange.stateLayout(of: $0, units: values.parameters[$0].units) }
        try exchange.archive(to: archive)
    }
}
