import BenchmarkSupport
import DataParallel
import Datasets
import Layers
import LinearAlgebra
import Networks

/// Makes the steps of the job `convnet` on one rank: the paper's net for CIFAR-10 without dropout, on random images.
/// Collectives are left out, which have nobody to talk to.
final class Step {
    let name: String
    private let objective: Classification
    private let rule: SGD
    private let model: NetworkModel
    private let gradient: LearnedValues
    private let batch: Int
    private let order: [Int]
    private var next = 0
    private(set) var times = Spread()

    /// - Parameter weights: how layers are predicted; nil: nothing is.
    init(_ name: String, _ weights: WeightSpec?, images: MatrixSamples, order: [Int], batch: Int) throws {
        let settings = try Convnet.settings(weights, batch: batch)
        let plan = try NetworkPlan(
            settings, exchange: ExchangeOptions(.dynamic), ranks: 1, forced: nil, training: images.count)
        let timer = StepTimer()
        model = try NetworkModel(settings)
        gradient = model.values.zeros
        let network = model.network(gradient: gradient, paths: plan.stages[0].paths, capacity: batch, timer: timer)
        objective = Classification(network, samples: images, timer: timer)
        rule = SGD(
            model.values, updated: model.values.parameters.map { 0..<$0.units },
            weightsPerUnit: model.shape.weightsPerUnit, options: settings.descent)
        rule.learningRate = settings.learningRate
        (self.name, self.order, self.batch) = (name, order, batch)
    }

    /// Times a step, unless it is one of those that are not counted.
    func turn(counts: Bool) {
        let taken = milliseconds {
            objective.expand()
            _ = objective.gradient(of: order[next..<next + batch], scale: 1 / Double(batch), first: 0) { _ in }
            for b in model.values.parameters.indices {
                rule.update(parameter: b, values: model.values.matrix(b), gradient: gradient.matrix(b))
            }
        }
        next = next + 2 * batch > order.count ? 0 : next + batch
        if counts { times.add(taken) }
    }
}
