import DataParallel
import Layers
import LinearAlgebra
import Networks
import Parallel
import TestSupport

/// Bytes of buffers that `body` makes and keeps. Each is a multiple of 64, and an empty one has as many.
private func taken<Made>(_ body: () throws -> Made) rethrows -> Int {
    let before = Allocation.bytes, made = try body()
    return withExtendedLifetime(made) { Allocation.bytes - before }
}

/// What a plan foretells of an exchange without a communicator is what MPI is handed in its steps, by the rank that
/// sends most, and what the exchange takes in memory on the rank of most.
func checkExchangeCosts(_ world: Communicator) throws {
    let values = LearnedValues([("a", 13, 7), ("b", 2, 5), ("c", 30, 9)]), gradient = values.zeros
    let expanded = LearnedValues(values.parameters.map { ($0.name, $0.units, 12) })
    let kinds: [ExchangeOptions.Kind] = [
        .dynamic, .allReduce(.learned, .ring), .full, .allReduce(.expanded, .ring), .owned, .sharded(.bfloat16),
        .powerSGD(rank: 3), .powerSGD(rank: 2, of: .expanded, .ring), .localSGD(every: 7), .localSGD(every: 7, .ring),
    ]
    let all = kinds.map { ExchangeOptions($0) }
        + [.dynamic, .full, .owned].map { ExchangeOptions($0, reduction: .fixed) }
    for options in all {
        let cost = cost(options, values, expanded: options.sumsExpanded ? expanded : nil, world)
        var exchange: (any Exchange)?
        let bytes = taken {
            let made = options.make(
                for: values, expanded: options.sumsExpanded ? ExpandedGradient(values: expanded, project: {}) : nil,
                communicator: world)
            exchange = made
            return made
        }
        // The scratch of a ring is MPI's side of it.
        let scratch = options.algorithm == .ring ? (options.isLowRank ? 2 : 1) * Ring.workspace : 0
        let held = Int(try world.allReduce(Int64(bytes), .max)), foretold = 4 * (cost.heldFloats - scratch)
        try expect(
            held >= foretold && held <= foretold + 64 * 40, "\(options): \(held) bytes held, foretold \(foretold)")

        let before = world.traffic, rule = PlainRule(values)
        for _ in 0..<options.period {
            for part in exchange!.order.parts(of: 9, rank: world.rank, ranks: world.size).own
            where exchange!.order == .fixed {
                gradient.flat.fill(Float(part))
                exchange!.take(gradient)
            }
            try exchange!.step(values, gradient: gradient, rule: rule, timer: StepTimer())
        }
        try checkBytes(cost, since: before, steps: options.period, world, "\(options)")
    }
}

/// Where an epoch ends with an exchange, the mean over its steps has one more.
func checkEpochsOfLocalSteps(_ world: Communicator) throws {
    let options = ExchangeOptions(.localSGD(every: 7)), shapes: [LearnedValues.Shape] = [("a", 13, 7)]
    func cost(
        _ epoch: Int?
    ) -> ExchangeCost {
        ExchangeCost(options, parameters: shapes, epoch: epoch, ranks: world.size)
    }
    try expectEqual(cost(nil).bytesPerStep, 4 * 91 / 7, "bytes of endless steps")
    try expectEqual(cost(10).bytesPerStep, 4 * 91 * 2 / 10, "bytes of steps in epochs of ten")
}

/// What a plan foretells of a network's memory is what it takes.
func checkNetworkMemory(_ world: Communicator) throws {
    let capacity = 8, expanded = [ComputePath](repeating: .expanded, count: 3)
    let paths: [[ComputePath]] = [expanded, [.pooled, .pooled, .expanded], [.reduced, .expanded, .expanded]]
    // A pool before all weights needs no gradient.
    var pooled = smallConvnetSettings()
    pooled.network.layers.insert(.maxPool(size: 2, stride: 1), at: 0)
    var open = smallConvnetSettings()
    var weights = WeightSpec(
        dictionary: .se, kernel: KernelSpec(sigma: 0.5), proportion: 0.3, columns: 1, reach: 3)
    open.network.layers[0] = .convolution(maps: 20, size: 5, stride: 1, padding: 2, weights)
    open.network.layers[3] = .convolution(maps: 10, size: 3, stride: 2, padding: 0, weights)
    var raw = open
    weights.kernel.form = .raw
    raw.network.layers[3] = .convolution(maps: 10, size: 3, stride: 2, padding: 0, weights)
    (weights.dictionary, weights.reach) = (.randcon, nil)
    raw.network.layers[0] = .convolution(maps: 20, size: 5, stride: 1, padding: 2, weights)
    var cut = smallConvnetSettings()
    weights.dictionary = .dct
    cut.network.layers[3] = .convolution(maps: 10, size: 3, stride: 2, padding: 0, weights)
    // Filters that are large enough for Fourier transforms.
    var large = smallConvnetSettings()
    weights = WeightSpec(dictionary: .se, kernel: KernelSpec(sigma: 0.5), proportion: 0.9, columns: 1, reach: 3)
    large.network.layers[3] = .convolution(maps: 20, size: 9, stride: 1, padding: 4, weights)
    let problems =
        [(smallSettings(columns: 0), expanded)] + paths.map { (smallSettings(columns: 2), $0) }
        + [(smallConvnetSettings(), expanded), (pooled, expanded), (open, expanded)]
        + [open, raw].map { ($0, [.pooled, .pooled, .expanded]) }
        + [(smallConvnetSettings(), [.pooled, .expanded, .expanded]), (cut, [.pooled, .pooled, .expanded])]
        + [(large, expanded), (large, [.expanded, .pooled, .expanded])]
    for (settings, paths) in problems {
        let model = try NetworkModel(settings), gradient = model.values.zeros
        let bytes = taken { model.network(gradient: gradient, paths: paths, capacity: capacity, timer: StepTimer()) }
        let workspaces = zip(model.shape.layers, paths).reduce(0) { sum, pair in
            sum + pair.0.workspace(path: pair.1, capacity: capacity)
        }
        let foretold = 4 * (capacity * model.shape.floatsPerSample(paths: paths) + workspaces)
        try expect(
            bytes >= foretold && bytes <= foretold + 64 * 80,
            "\(settings.network.layers), \(paths): \(bytes) bytes, foretold \(foretold)")
    }
}

/// A plan that fails on the last rank alone is known to all: no rank waits for another while it plans.
func checkPlanThatFailsOnOneRank(_ world: Communicator) throws {
    let last = world.size - 1, isLast = world.rank == last
    // The second layer has 1001 inputs, and k-means has 1000 centres.
    let settings = smallSettings(
        widths: [1001, 7], kinds: [.se, .kmeans], proportion: isLast ? 1 : 0.1, columns: 2)
    for kind: ExchangeOptions.Kind in [.full, .dynamic, .owned, .powerSGD(rank: 4)] {
        do {
            _ = try world.agree {
                try NetworkPlan(settings, exchange: ExchangeOptions(kind), ranks: world.size, forced: nil, training: 20)
            }
            throw CheckFailure(description: "\(kind): rank \(last) failed and rank \(world.rank) does not know")
        } catch let failure as CollectiveError {
            try expectEqual(failure.rank, last, "the rank that failed")
        }
    }
}

/// A net of 40 inputs in two channels and four classes.
func smallSettings(
    widths: [Int] = [9, 7], kinds: [DictionaryKind] = [.se, .randfixu], proportion: Double = 0.3, columns: Int,
    dropout: Double = 0, curriculum: Curriculum = .fixed, batch: Int = 5, epochs: Int = 2
) -> NetworkSettings {
    let layers = zip(widths, kinds).flatMap { units, kind -> [LayerSpec] in
        let weights = WeightSpec(
            dictionary: kind, kernel: KernelSpec(sigma: 1), proportion: proportion, columns: columns)
        return [.fullyConnected(units: units, columns == 0 ? nil : weights), .activation(.sigmoid)]
            + (dropout > 0 ? [.dropout(rate: dropout)] : [])
    }
    return NetworkSettings(
        dataset: "none", seed: 1,
        network: NetworkSpec(input: TensorShape(channels: 2, height: 4, width: 5), layers: layers, classes: 4),
        curriculum: curriculum, batch: batch, epochs: epochs, learningRate: 0.1, schedule: .linear,
        descent: SGD.Options(momentum: 0.7, weightDecay: 1e-4, maxNorm: 2))
}

/// Two convolutions on 20×20 pixels in three channels, the first of them predicted, and four classes.
func smallConvnetSettings() -> NetworkSettings {
    var settings = smallSettings(columns: 2)
    let weights = settings.network.weighted[0].weights
    settings.network = NetworkSpec(
        input: TensorShape(channels: 3, height: 20, width: 20),
        layers: [
            .convolution(maps: 20, size: 5, stride: 1, padding: 2, weights), .activation(.relu),
            .maxPool(size: 2, stride: 2), .convolution(maps: 10, size: 3, stride: 2, padding: 0, nil),
        ], classes: 4)
    return settings
}
