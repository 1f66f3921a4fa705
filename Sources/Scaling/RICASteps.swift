import DataParallel
import Datasets
import Layers
import LinearAlgebra
import Parallel
import Partition
import RICA
import Runs

/// Measures evaluations of the job `rica` as L-BFGS makes them, on whatever ranks there are, on patches of noise.
public struct RICASteps {
    private let settings: MeasurementSettings
    private let features: Int
    private let patch: TensorShape
    private let placement: Placement
    private let communicator: Communicator

    /// - Parameters:
    ///   - settings: a step is an evaluation, and as many iterations are made as there are steps to measure.
    ///   - patch: square.
    public init(
        _ settings: MeasurementSettings, features: Int, patch: TensorShape, placement: Placement,
        communicator: Communicator
    ) {
        precondition(patch.height == patch.width)
        self.settings = settings
        self.features = features
        self.patch = patch
        self.placement = placement
        self.communicator = communicator
    }

    /// Measures one proportion; what it held in memory is free again afterwards. Collective.
    ///
    /// A time is the mean over the evaluations of an iteration. What L-BFGS does between evaluations is in them: its
    /// arithmetic is compute, its allreduce exchange. The bytes are those of the gradient and the values, without the
    /// few of inner products.
    ///
    /// - Parameter learned: proportion of the weights; 1: a dense layer.
    /// - Throws: `CollectiveError`, also where L-BFGS found no way on before the first step that counts; `MPIError`.
    public func measure(learned: Double) throws -> StepMeasurement {
        let total = settings.globalBatch(ranks: communicator.size), size = patch.count
        let isDense = learned == 1, iterations = settings.warmUp + settings.steps
        let trained = RICASettings(
            dataset: "", seed: 1, learned: isDense ? nil : learned, columns: isDense ? 1 : settings.columns,
            alpha: .distinct, sigma: 1,
            ridge: 0.1, patch: patch.width, patches: total, features: features, lambda: 0.05, norm: .variance,
            iterations: iterations, encoder: .abs, cost: 100)
        ProcessMemory.resetPeak()
        let weights = try communicator.agree { try trained.makeWeights(channels: patch.channels) }
        let plan = RICAPlan(
            settings: trained, weights: weights.shape, ranks: communicator.size, forced: nil, training: 0, fold: 0,
            test: 0)
        let timer = StepTimer()
        let patches = MeasuredInputs.patches(Cut(total, into: communicator.size)[communicator.rank], size: size)
        var moments = Moments(size: size)
        moments.add(patches)
        try moments.sums.withUnsafeMutableBufferPointer { try communicator.allReduce(inPlace: $0) }
        let objective = RICAObjective(
            weights: weights, patches: patches, totalPatches: total, outerProducts: moments.outerProducts,
            norm: trained.norm, sparsity: trained.lambda, path: plan.path, timer: timer)
        let optimiser = LBFGS(
            objective, values: trained.startingValues(for: weights).matrix(0), communicator: communicator,
            options: .init(iterations: iterations), timer: timer)
        optimiser.measuresWait = true

        var times = StepTimes(capacity: settings.steps), before = communicator.traffic, first = 0
        var evaluated = 0
        let last = try optimiser.run { iteration in
            let step = timer.lap()
            if iteration.number == settings.warmUp { (before, first) = (communicator.traffic, iteration.evaluations) }
            if iteration.number > settings.warmUp {
                times.add(
                    to: iteration.number - settings.warmUp - 1, weight: 1 / Double(iteration.evaluations - evaluated),
                    step)
            }
            evaluated = iteration.evaluations
        }
        if times.count == 0 {
            // All ranks search the same line.
            try communicator.agree {
                throw TrainingError(
                    "L-BFGS: expected more than \(settings.warmUp) iterations, found no lower point after "
                        + "\(last.number): give a smaller --warm-up")
            }
        }
        let sent = communicator.traffic - before, evaluations = last.evaluations - first
        let counted = StepBytes(
            payload: sent.reduceScatter.payloadBytes / evaluations,
            wire: (sent.reduceScatter + sent.allGather).wireBytes / evaluations)
        let channels = patch.channels == 1 ? "" : "\(patch.channels)x"
        return try StepMeasurement(
            job: "rica", model: "rica-\(channels)\(patch.height)x\(patch.width)-\(features)",
            settings: settings, placement: placement, learned: learned,
            parameters: [("layer", weights.units, weights.valuesPerUnit)], exchange: .lbfgs, steps: times.count,
            bytes: StepBytes(payload: plan.bytesPerStep, wire: plan.wireBytesPerStep), counted: counted, times: times,
            communicator: communicator)
    }
}
