import DataParallel
import Datasets
import Layers
import LinearAlgebra
import Networks
import Parallel
import TestSupport

/// An exchange whose parameters all leave in `step`. Keeps those that were named before.
private final class Together: Exchange {
    private let exchange: any Exchange
    private(set) var named: [Int] = []

    init(_ exchange: any Exchange) { self.exchange = exchange }

    var updated: [Range<Int>] { exchange.updated }
    var order: ReductionOrder { exchange.order }

    func take(_ gradient: LearnedValues) { exchange.take(gradient) }
    func markReady(_ parameter: Int, of gradient: LearnedValues) { named.append(parameter) }
    func step(_ values: LearnedValues, gradient: LearnedValues, rule: any UpdateRule, timer: StepTimer) throws {
        try exchange.step(values, gradient: gradient, rule: rule, timer: timer)
    }
}

/// 23 samples by 5: the last batch of an epoch has 3, fewer than four ranks.
private let samples = 23, batch = 5, epochs = 2

/// Training whose parameters leave when their layer is done has the bits and the bytes of one whose parameters leave
/// together.
func checkDepartingDescent(_ world: Communicator) throws {
    func settings(dropout: Double = 0, _ curriculum: Curriculum = .fixed) -> NetworkSettings {
        smallSettings(columns: 2, dropout: dropout, curriculum: curriculum, batch: batch, epochs: epochs)
    }
    // On one machine these parameters would leave together, at the end.
    world.largestCount = 3
    let pooled: [ComputePath] = [.pooled, .pooled, .expanded],
        expanded: [ComputePath] = [.expanded, .expanded, .expanded]
    let owned = ExchangeOptions(.owned), fixed = ExchangeOptions(.owned, reduction: .fixed)

    // Layers but the first, the last one before the others.
    try check(settings(), stage: 0, pooled, owned, named: [2, 1], world)
    try check(settings(), stage: 0, expanded, .init(.sharded(.bfloat16)), named: [2, 1], world)
    try check(settings(dropout: 0.4), stage: 0, pooled, owned, named: [2, 1], world)
    // Sums of shards are handed over one by one; W's gradients are summed before they are projected.
    try check(settings(dropout: 0.4), stage: 0, pooled, fixed, named: [], world)
    try check(settings(dropout: 0.4), stage: 0, expanded, .init(.full), named: [], world)
    // A learned U is a parameter behind those of the layers, complete with its layer.
    try check(settings(dropout: 0.4, .unfreeze(after: 0)), stage: 0, expanded, owned, named: [2, 1, 4], world)
    try check(settings(dropout: 0.4, .alternate(every: 1)), stage: 1, expanded, owned, named: [0, 2], world)
}

private func check(
    _ settings: NetworkSettings, stage: Int, _ paths: [ComputePath], _ options: ExchangeOptions, named: [Int],
    _ world: Communicator
) throws {
    let what = "\(options), stage \(stage), \(paths[0]), \(settings.curriculum)", start = world.traffic
    let values = try train(settings, stage: stage, paths, options, world) { $0 }
    let between = world.traffic
    var together: Together?
    let expected = try train(settings, stage: stage, paths, options, world) {
        together = Together($0)
        return together!
    }
    let end = world.traffic
    try expect(
        values.map(\.bitPattern) == expected.map(\.bitPattern),
        "\(what): other values than of parameters that leave together")
    try expect(values.allSatisfy(\.isFinite), "\(what): not finite")
    try expectEqual((between - start).total.wireBytes, (end - between).total.wireBytes, "\(what): bytes on the wire")
    try expectEqual(
        (between - start).total.payloadBytes, (end - between).total.payloadBytes, "\(what): bytes contributed")
    let steps = epochs * ((samples + batch - 1) / batch)
    try expectEqual(
        together!.named, Array(repeating: named, count: steps).flatMap(\.self), "\(what): parameters that may leave")
}

private func train(
    _ settings: NetworkSettings, stage: Int, _ paths: [ComputePath], _ options: ExchangeOptions, _ world: Communicator,
    _ wrapped: (any Exchange) -> any Exchange
) throws -> [Float] {
    var model = try NetworkModel(settings)
    for stage in settings.stages[..<(stage + 1)].dropFirst() {
        model = try NetworkModel(settings, stage: stage, after: model)
    }
    let rows = normalMatrix(rows: samples, columns: 41, stream: 970)
    rows.columns(40..<41).fill(1)
    let gradient = model.values.zeros, timer = StepTimer()
    let expanded = options.sumsExpanded ? model.shape.expanded.map(LearnedValues.init) : nil
    let network = model.network(gradient: gradient, expanded: expanded, paths: paths, capacity: batch, timer: timer)
    let exchange = wrapped(
        options.make(
            for: model.values,
            expanded: expanded.map { ExpandedGradient(values: $0, project: network.projectGradient) },
            communicator: world))
    let labels = (0..<samples).map { Int32($0 % 4) }
    let descent = StochasticDescent(
        Classification(network, samples: MatrixSamples(rows: rows, labels: labels), timer: timer), values: model.values,
        gradient: gradient, weightsPerUnit: model.shape.weightsPerUnit, exchange: exchange,
        options: .init(
            seed: 1, batch: batch, epochs: epochs, learningRate: settings.learningRate, schedule: settings.schedule,
            rule: settings.descent),
        watched: 0, onDivergence: "a check", communicator: world, timer: timer)
    try descent.run(samples: Array(0..<samples))
    return Array(model.values.flat.elements)
}
