import Datasets
import Layers
import Parallel
import Training

/// What a plan foretells of an exchange without a communicator is what that exchange says when it is made, on the rank
/// of most.
func checkExchangeCosts(_ world: Communicator) throws {
    let values = LearnedValues([("a", 13, 7), ("b", 2, 5), ("c", 30, 9)])
    let expanded = LearnedValues(values.buckets.map { ($0.name, $0.units, 12) })
    func shapes(_ values: LearnedValues) -> [(units: Int, valuesPerUnit: Int)] {
        values.buckets.map { ($0.units, $0.valuesPerUnit) }
    }
    for options: ExchangeOptions in [
        .init(.dynamic), .init(.dynamic, allreduce: .ring), .init(.dynamic, reduction: .fixed),
        .init(.full), .init(.full, allreduce: .ring), .init(.full, reduction: .fixed),
        .init(.owned), .init(.owned, reduction: .fixed), .init(.owned, wire: .bfloat16),
        .init(.lowrank, gradientRank: 3),
        .init(.lowrank, allreduce: .ring, gradientRank: 2, approximatesExpanded: true),
        .init(.dynamic, averageEvery: 7), .init(.dynamic, allreduce: .ring, averageEvery: 7),
    ] {
        for epoch in [nil, 10] {
            let made = options.make(
                for: values,
                expanded: options.sumsExpanded ? ExpandedGradient(values: expanded, project: {}) : nil, epoch: epoch,
                communicator: world)
            let cost = ExchangeCost(
                options, buckets: shapes(values), expanded: options.sumsExpanded ? shapes(expanded) : nil, epoch: epoch,
                ranks: world.size)
            let held = try world.allReduce(Int64(made.heldFloats), .max)
            try expectEqual(cost.bytesPerStep, made.bytesPerStep, "\(options), epoch \(epoch ?? 0): bytes reduced")
            try expectEqual(cost.wireBytesPerStep, made.wireBytesPerStep, "\(options), epoch \(epoch ?? 0): bytes sent")
            try expectEqual(Int64(cost.heldFloats), held, "\(options), epoch \(epoch ?? 0): Floats held")
        }
    }
}

/// A plan that fails on the last rank alone, as a kernel matrix may that is not positive definite on one kind of
/// processor, is known to all: no rank waits for another while it plans.
func checkPlanThatFailsOnOneRank(_ world: Communicator) throws {
    let last = world.size - 1, isLast = world.rank == last
    let settings = MLPSettings(
        dataset: "none", seed: 1, widths: [9], activation: .sigmoid, learned: 1, columns: 2, alpha: .distinct,
        dictionaries: [.se], sigma: isLast ? 30 : 1, ridge: isLast ? 1e-300 : 0.1, raw: false, batch: 5,
        pretrainEpochs: 0, epochs: 1, learningRate: 0.1, schedule: .linear,
        descent: SGD.Options(momentum: 0.7, weightDecay: 1e-4, maxNorm: 2), dropout: 0)
    for name in ExchangeName.allCases {
        do {
            _ = try world.agree {
                try MLPPlan(
                    settings: settings, shape: ImageShape(channels: 1, height: 6, width: 6), classes: 3,
                    exchange: ExchangeOptions(name), ranks: world.size, forced: nil, training: 20)
            }
            throw CheckFailure(description: "\(name): rank \(last) failed and rank \(world.rank) does not know")
        } catch let failure as CollectiveError {
            try expectEqual(failure.rank, last, "the rank that failed")
        }
    }
}
