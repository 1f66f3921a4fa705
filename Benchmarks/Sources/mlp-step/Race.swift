import BenchmarkSupport
import Datasets
import Layers
import Networks

/// Everything that is compared at one batch size.
struct Race {
    let batch: Int
    private(set) var contestants: [Contestant]
    /// Those whose parts are timed.
    let steppers: [(name: String, stepper: Stepper)]
    /// The compute paths of the predicted net's layers.
    let paths: [ComputePath]

    /// - Parameters:
    ///   - images: with their 1, not pooled.
    ///   - order: the order of the images in an epoch.
    ///   - forPeers: only the steps that PyTorch makes, too.
    init(batch: Int, activation: Activation, images: MatrixSamples, order: [Int], forPeers: Bool) throws {
        func stepper(learned: Double?, path: ComputePath? = nil) throws -> Stepper {
            let settings = NetworkSettings(learned: learned, activation: activation, batch: batch)
            return Stepper(try Perceptron(settings: settings, images: images, samples: batch, path: path), order: order)
        }
        let dense = try stepper(learned: nil), predicted = try stepper(learned: 0.1)
        self.batch = batch
        paths = predicted.net.paths
        contestants = [
            .products(samples: batch, withBiases: false),
            Contestant("dense step", run: dense.step),
            Contestant("predicted step", bound: .dense(0.6), run: predicted.step),
        ]
        guard !forPeers else {
            steppers = []
            return
        }
        let expanded = try stepper(learned: 0.1, path: .expanded)
        contestants += [
            .products(samples: batch, withBiases: true),
            Contestant(
                "dense, forward and backward", bound: .rate(batch < 1000 ? 0.85 : 0.92), run: dense.forwardAndBackward),
            Contestant("predicted step, expanded", run: expanded.step),
        ]
        steppers = [("dense", dense), ("predicted", predicted), ("predicted, expanded", expanded)]
    }

    /// One turn of everything.
    mutating func round(steps: Int) {
        for i in contestants.indices { contestants[i].time(runs: steps) }
        for entry in steppers { entry.stepper.timeParts(steps: steps) }
    }
}
