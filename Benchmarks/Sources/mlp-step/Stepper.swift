import BenchmarkSupport
import DataParallel
import Layers
import Networks

/// Makes the steps of the job `mlp` on one rank, one after the other: all but collectives, which have nobody to talk
/// to.
final class Stepper {
    let net: Perceptron
    private let gradient: LearnedValues
    private let network: Network
    private let timer = StepTimer()
    private let objective: Classification
    private let rule: SGD
    private let batch: Int
    private let labels: [Int32]
    /// The order of the images in an epoch.
    private let order: [Int]
    private var next = 0
    private var samples: ArraySlice<Int> { order[next..<next + batch] }
    /// The parts of a step with their times.
    private(set) var parts = ["gather", "expand", "forward", "backward", "project_gradient", "update"].map {
        (name: $0, times: Spread())
    }

    init(_ net: Perceptron, order: [Int]) {
        self.net = net
        self.order = order
        batch = net.settings.batch
        labels = order[..<batch].map { net.samples.labels[$0] }
        let model = net.model
        gradient = model.values.zeros
        network = model.network(gradient: gradient, paths: net.paths, capacity: batch, timer: timer)
        objective = Classification(network, samples: net.samples, timer: timer)
        rule = SGD(
            model.values, updated: model.values.parameters.map { 0..<$0.units },
            weightsPerUnit: model.shape.weightsPerUnit, options: net.settings.descent)
        rule.learningRate = net.settings.learningRate
    }

    func step() {
        objective.expand()
        _ = objective.gradient(of: samples, scale: 1 / Double(batch), first: 0) { _ in }
        update()
        advance()
    }

    /// Loss and gradient of the batch that is in place, with W as it is.
    func forwardAndBackward() { _ = network.gradient(count: batch, labels: labels, scale: 1 / Double(batch)) }

    /// Times the parts of some steps. The network has no seam between forward and backward: forward is a pass of its
    /// own with its loss, and backward is what loss and gradient together take longer.
    func timeParts(steps: Int) {
        var sums = [Double](repeating: 0, count: parts.count), predicted = [Int32](repeating: 0, count: batch)
        step()
        for _ in 0..<steps {
            let gather = milliseconds { net.samples.load(samples, into: network.batch) }
            let expand = milliseconds { network.expand() }
            let forward = milliseconds { _ = network.evaluate(count: batch, labels: labels, predicted: &predicted) }
            _ = timer.lap()
            let both = milliseconds { forwardAndBackward() }
            let projectGradient = 1e3 * timer.lap().projectGradient
            let update = milliseconds { self.update() }
            let times = [gather, expand, forward, both - projectGradient - forward, projectGradient, update]
            for (k, time) in times.enumerated() { sums[k] += time }
            advance()
        }
        for k in parts.indices { parts[k].times.add(sums[k] / Double(steps)) }
    }

    /// What an exchange does between its collectives.
    private func update() {
        let values = net.model.values
        for b in values.parameters.indices {
            rule.update(parameter: b, values: values.matrix(b), gradient: gradient.matrix(b))
        }
    }

    private func advance() {
        next += batch
        if next + batch > order.count { next = 0 }
    }
}
