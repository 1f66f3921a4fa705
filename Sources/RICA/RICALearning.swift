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
    public init(
        settings: RICASettings, weights: PredictedWeights, patches: RICAPatches, path: ComputePath?, ranks: Int
    ) {
        self.settings = settings
        self.weights = weights
        let samples = patches.order.largestPart(of: settings.patches, ranks: ranks)
        self.path = path ?? weights.shape.costs(samples: samples)[0].path
        start = settings.startingValues(for: weights)
        objective = RICAObjective(
            weights: weights, patches: patches.local, totalPatches: patches.total, outerProducts: patches.outerProducts,
            norm: settings.norm, sparsity: settings.lambda, path: self.path, parts: patches.parts, order: patches.order,
            timer: timer)
        order = patches.order
    }

    /// Learns on all ranks.
    ///
    /// - Parameter snapshots: iterations whose values are wanted too.
    /// - Throws: as `LBFGS.run`.
    public func run(
        communicator: Communicator, progress: ProgressLog, snapshots wanted: Set<Int> = []
    ) throws -> Outcome {
        var metrics = Metrics(capacity: settings.iterations + 1)
        var snapshots: [Int: Matrix<Float>] = [:]
        let values = start.matrix(0)
        let before = communicator.traffic
        var evaluations = 0, bytes = 0
        let optimiser = LBFGS(
            objective, values: values, communicator: communicator,
            options: .init(iterations: settings.iterations, order: order), timer: timer)
        let last = try optimiser.run { iteration in
            let sent = (communicator.traffic - before).total.wireBytes
            metrics.append(
                Metrics.Row(
                    step: iteration.number, evaluations: iteration.evaluations, objective: iteration.objective,
                    seconds: iteration.seconds, steps: max(iteration.evaluations - evaluations, 1), times: timer.lap(),
                    bytes: sent - bytes))
            (evaluations, bytes) = (iteration.evaluations, sent)
            if wanted.contains(iteration.number) {
                snapshots[iteration.number] = objective.normalisedValues(at: values)
            }
            progress.step("learn", iteration.number, of: settings.iterations, "objective \(iteration.objective)")
        }
        return Outcome(
            values: objective.normalisedValues(at: values), last: last, metrics: metrics, snapshots: snapshots)
    }
}
