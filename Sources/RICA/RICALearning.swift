import DataParallel
import Layers
import LinearAlgebra
import Parallel
import Runs

/// One layer learned on given patches.
public struct RICALearning {
    /// What learning left.
    public struct Outcome {
        /// ŵ, units × n_α.
        public let values: Matrix<Float>
        public let last: LBFGS.Iteration
        public let metrics: Metrics
        /// ŵ after the iterations asked for, by iteration.
        public let snapshots: [Int: Matrix<Float>]
    }

    public let settings: RICASettings
    public let weights: PredictedWeights
    public let path: ComputePath
    private let objective: RICAObjective
    private let start: LearnedValues
    private let order: ReductionOrder
    private let timer = StepTimer()

    /// - Parameters:
    ///   - weights: the layer of the settings.
    ///   - path: the cheapest by the layer's estimate if nil.
    ///   - initial: w that learning starts from, units × n_α; drawn at random if nil.
    public init(
        settings: RICASettings, weights: PredictedWeights, patches: RICAPatches, path: ComputePath?,
        initial: Matrix<Float>? = nil, ranks: Int
    ) {
        self.settings = settings
        self.weights = weights
        let samples = patches.order.largestPart(of: settings.patches, ranks: ranks)
        self.path = path ?? weights.shape.costs(samples: samples)[0].path
        start = settings.startingValues(for: weights)
        if let initial { start.matrix(0).copy(from: initial) }
        objective = RICAObjective(
            weights: weights, patches: patches.local, totalPatches: patches.total, outerProducts: patches.outerProducts,
            norm: settings.norm, sparsity: settings.lambda, path: self.path, parts: patches.parts, order: patches.order,
            timer: timer)
        order = patches.order
    }

    /// Learns on all ranks.
    ///
    /// - Parameters:
    ///   - snapshots: iterations whose values are wanted too.
    ///   - checkpoints: where learning is a part of the run's state, and what it is called there.
    /// - Throws: as `LBFGS.run`.
    public func run(
        communicator: Communicator, progress: ProgressLog, snapshots wanted: Set<Int> = [],
        checkpoints: (all: Checkpoints, name: String)? = nil
    ) throws -> Outcome {
        let log = LearningLog(
            capacity: settings.iterations + 1, shape: (weights.units, weights.valuesPerUnit), timer: timer,
            communicator: communicator)
        if let checkpoints { try checkpoints.all.attach(log, as: Self.state(checkpoints.name)) }
        let values = start.matrix(0)
        if log.last == nil {
            if settings.prediction?.isOrthonormal == true { try communicator.broadcast(values.elements, from: 0) }
            let optimiser = LBFGS(
                objective, values: values, communicator: communicator,
                options: .init(iterations: settings.iterations, order: order), timer: timer)
            let last = try optimiser.run(checkpoints: checkpoints) { iteration in
                log.note(iteration)
                if wanted.contains(iteration.number) {
                    log.snapshots[iteration.number] = objective.normalisedValues(at: values)
                }
                progress.step("learn", iteration.number, of: settings.iterations, "objective \(iteration.objective)")
            }
            log.finish(last, objective.normalisedValues(at: values))
        }
        return Outcome(values: log.values, last: log.last!, metrics: log.metrics, snapshots: log.snapshots)
    }

    /// Ends the part of the run's state that `run` has made.
    public func end(_ checkpoints: (all: Checkpoints, name: String)) {
        checkpoints.all.detach(Self.state(checkpoints.name))
    }

    private static func state(_ name: String) -> String { "what \(name) left" }
}

/// What is noted of learning on the way, and what it leaves.
private final class LearningLog: Checkpointable {
    let metrics: Metrics
    /// The values after some iterations.
    var snapshots: [Int: Matrix<Float>] = [:]
    /// The last iteration and its values, once learning has ended.
    private(set) var last: LBFGS.Iteration?
    let values: Matrix<Float>
    private let capacity: Int
    private let shape: (units: Int, valuesPerUnit: Int)
    private let timer: StepTimer
    private let communicator: Communicator
    /// Evaluations by the last row, and the bytes that this rank had sent by then.
    private var evaluations = 0, bytes: Int

    init(capacity: Int, shape: (units: Int, valuesPerUnit: Int), timer: StepTimer, communicator: Communicator) {
        metrics = Metrics(capacity: capacity)
        self.capacity = capacity
        self.shape = shape
        self.timer = timer
        self.communicator = communicator
        bytes = communicator.traffic.total.wireBytes
        values = Matrix(rows: shape.units, columns: shape.valuesPerUnit)
    }

    func finish(_ last: LBFGS.Iteration, _ values: Matrix<Float>) {
        self.last = last
        self.values.copy(from: values)
    }

    func note(_ iteration: LBFGS.Iteration) {
        let sent = communicator.traffic.total.wireBytes
        metrics.append(
            Metrics.Row(
                step: iteration.number, evaluations: iteration.evaluations, objective: iteration.objective,
                seconds: iteration.seconds, steps: max(iteration.evaluations - evaluations, 1), times: timer.lap(),
                bytes: sent - bytes))
        (evaluations, bytes) = (iteration.evaluations, sent)
    }

    func archive(to archive: StateArchive) throws {
        try metrics.archive(to: archive)
        let all = communicator.traffic.total.wireBytes
        var sent = Double(all - bytes), phases = timer.phases
        try archive.number("evaluations", &evaluations)
        try archive.number("sent", &sent)
        try archive.numbers("phases", &phases)
        var taken = snapshots.keys.sorted().map(Double.init), count = taken.count
        try archive.number("snapshots", &count, in: 0...capacity)
        if archive.isRestoring { taken = [Double](repeating: 0, count: count) }
        try archive.numbers("taken", &taken)
        if archive.isRestoring {
            bytes = all - (Int(exactly: sent) ?? 0)
            timer.phases = phases
            for number in taken.compactMap({ Int(exactly: $0) }) {
                snapshots[number] = Matrix(rows: shape.units, columns: shape.valuesPerUnit)
            }
        }
        var isFinished = last != nil, end = last ?? .none
        try archive.flag("finished", &isFinished)
        if isFinished {
            try end.archive("last", to: archive)
            try archive.matrix("values", values, .replicated)
            last = end
        }
        for (number, values) in snapshots { try archive.matrix("snapshot.\(number)", values, .replicated) }
    }
}
