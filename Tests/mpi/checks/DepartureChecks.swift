import Datasets
import Layers
import LinearAlgebra
import Parallel
import TestSupport
import Training

/// An exchange whose buckets all leave in `step`. Keeps those that were named before.
private final class Together: Exchange {
    private let exchange: any Exchange
    private(set) var named: [Int] = []

    init(_ exchange: any Exchange) { self.exchange = exchange }

    var updated: [Range<Int>] { exchange.updated }
    var bytesPerStep: Int { exchange.bytesPerStep }
    var wireBytesPerStep: Int { exchange.wireBytesPerStep }
    var heldFloats: Int { exchange.heldFloats }
    var order: ReductionOrder { exchange.order }

    func take(_ gradient: LearnedValues) { exchange.take(gradient) }
    func depart(bucket: Int, of gradient: LearnedValues) { named.append(bucket) }
    func step(_ values: LearnedValues, gradient: LearnedValues, rule: any UpdateRule) throws -> Double {
        try exchange.step(values, gradient: gradient, rule: rule)
    }
}

/// 23 samples by 5: the last batch of an epoch has 3, fewer than four ranks.
private let samples = 23, batch = 5, epochs = 2

/// Training whose buckets leave when their layer is done has the bits and the bytes of one whose buckets leave together.
func checkDepartingDescent(_ world: Communicator) throws {
    var settings = MLPSettings(
        dataset: "none", seed: 1, widths: [9, 7], activation: .sigmoid, learned: 0.3, columns: 2, alpha: .distinct,
        dictionaries: [.se, .randfixu], sigma: 1, ridge: nil, raw: false, batch: batch, pretrainEpochs: 0, epochs: epochs,
        learningRate: 0.1, schedule: .linear, descent: SGD.Options(momentum: 0.7, weightDecay: 1e-4, maxNorm: 2), dropout: 0)
    // On one machine these buckets would leave together, at the end.
    world.largestCount = 3
    let pooled: [ComputePath] = [.pooled, .pooled, .expanded], expanded: [ComputePath] = [.expanded, .expanded, .expanded]
    let owned = ExchangeOptions(.owned), fixed = ExchangeOptions(.owned, reduction: .fixed)

    // Layers but the first, the last one before the others.
    try check(settings, stage: 0, pooled, owned, named: [2, 1], world)
    try check(settings, stage: 0, expanded, .init(.owned, wire: .bfloat16), named: [2, 1], world)
    settings.dropout = 0.4
    try check(settings, stage: 0, pooled, owned, named: [2, 1], world)
    // Sums of shards are handed over one by one; W's gradients are summed before they are projected.
    try check(settings, stage: 0, pooled, fixed, named: [], world)
    try check(settings, stage: 0, expanded, .init(.full), named: [], world)
    // A learned U is a bucket behind those of the layers, complete with its layer.
    settings.unfreezeAfter = 0
    try check(settings, stage: 0, expanded, owned, named: [2, 1, 4], world)
    settings.unfreezeAfter = nil
    settings.alternate = 1
    try check(settings, stage: 1, expanded, owned, named: [0, 2], world)
}

private func check(
    _ settings: MLPSettings, stage: Int, _ paths: [ComputePath], _ options: ExchangeOptions, named: [Int], _ world: Communicator
) throws {
    let what = "\(options), stage \(stage), \(paths[0]), dropout \(settings.dropout)", start = world.traffic
    let values = try train(settings, stage: stage, paths, options, world) { $0 }
    let between = world.traffic
    var together: Together?
    let expected = try train(settings, stage: stage, paths, options, world) {
        together = Together($0)
        return together!
    }
    let end = world.traffic
    try expect(values.map(\.bitPattern) == expected.map(\.bitPattern), "\(what): other values than of buckets that leave together")
    try expect(values.allSatisfy(\.isFinite), "\(what): not finite")
    try expectEqual((between - start).total.wireBytes, (end - between).total.wireBytes, "\(what): bytes on the wire")
    try expectEqual((between - start).total.payloadBytes, (end - between).total.payloadBytes, "\(what): bytes contributed")
    let steps = epochs * ((samples + batch - 1) / batch)
    try expectEqual(together!.named, Array(repeating: named, count: steps).flatMap(\.self), "\(what): buckets that may leave")
}

private func train(
    _ settings: MLPSettings, stage: Int, _ paths: [ComputePath], _ options: ExchangeOptions, _ world: Communicator,
    _ wrapped: (any Exchange) -> any Exchange
) throws -> [Float] {
    let shape = ImageShape(channels: 2, height: 4, width: 5), classes = 4
    var model = try MLPModel(settings: settings, shape: shape, classes: classes)
    for stage in settings.stages[..<(stage + 1)].dropFirst() {
        model = try MLPModel(settings: settings, shape: shape, classes: classes, stage: stage, after: model)
    }
    let rows = normalMatrix(rows: samples, columns: 41, stream: 970)
    rows.columns(40..<41).fill(1)
    let gradient = model.values.zeros, expanded = options.sumsExpanded ? model.expandedGradient : nil
    let network = model.network(gradient: gradient, expanded: expanded, paths: paths, capacity: batch)
    let exchange = wrapped(
        options.make(
            for: model.values, expanded: expanded.map { ExpandedGradient(values: $0, project: network.project) }, communicator: world))
    let descent = StochasticDescent(
        Classification(network, rows: TrainingRows(rows: rows, labels: (0..<samples).map { Int32($0 % classes) })),
        values: model.values, gradient: gradient, weightsPerUnit: model.weightsPerUnit, exchange: exchange,
        options: .init(
            seed: 1, batch: batch, epochs: epochs, learningRate: settings.learningRate, schedule: settings.schedule,
            rule: settings.descent),
        watched: 0, onDivergence: "a check", communicator: world)
    try descent.run(samples: Array(0..<samples))
    return Array(model.values.flat.elements)
}
