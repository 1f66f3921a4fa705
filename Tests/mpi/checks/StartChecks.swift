import Datasets
import Layers
import LinearAlgebra
import Networks
import Parallel
import Storage
import TestSupport

/// Outputs of scaled layers have variance 1 on the batch that they were scaled by, in a perceptron on two paths and in
/// a convnet, and every rank has rank 0's bits.
func checkStartOfVarianceOne(_ world: Communicator) throws {
    let perceptron = smallSettings(columns: 2)
    try check(perceptron, [.expanded, .expanded, .expanded], world)
    try check(perceptron, [.reduced, .pooled, .expanded], world)
    try check(smallConvnetSettings(), [.expanded, .expanded, .expanded], world)

    // Outputs that are all the same: of black images, and of grey ones in a layer of one unit.
    for (settings, grey) in [(perceptron, Float(0)), (smallSettings(widths: [1, 7], columns: 1), 0.3)] {
        let model = try NetworkModel(settings), (network, source) = make(model, [.expanded, .expanded, .expanded], 0)
        source.rows.columns(0..<source.rows.columns - 1).fill(grey)
        do {
            try scale(model, in: network, source, world)
            throw CheckFailure(description: "images of \(grey) were taken")
        } catch let error as CollectiveError {
            try expect(error.exitCode == 65 && error.description.contains("outputs of hidden1"), "\(error)")
        }
    }
}

private func scale(
    _ model: NetworkModel, in network: Network, _ source: any SampleSource, _ world: Communicator
) throws {
    for layer in model.layers.dropLast() {
        try model.scaleStart(of: layer, in: network, on: Array(0..<samples)[...], of: source, communicator: world)
    }
}

private let samples = 11

private func make(_ model: NetworkModel, _ paths: [ComputePath], _ factor: Float) -> (Network, MatrixSamples) {
    // Fewer rows than an eighth of the batch has samples; the batch is cut all the same.
    let network = model.network(gradient: model.values.zeros, paths: paths, capacity: 1, timer: StepTimer())
    let count = model.spec.input.count
    let rows = normalMatrix(rows: samples, columns: count + 1, stream: 980, factor: factor)
    rows.columns(count..<count + 1).fill(1)
    let source = MatrixSamples(rows: rows, labels: [Int32](repeating: 0, count: samples))
    return (network, paths[0] == .reduced ? source.pooled(by: model.layers[0].weights) : source)
}

private func check(_ settings: NetworkSettings, _ paths: [ComputePath], _ world: Communicator) throws {
    let model = try NetworkModel(settings), (network, source) = make(model, paths, 1)
    let last = model.layers.last!.values.clone()
    try scale(model, in: network, source, world)
    network.expand()
    for layer in model.layers.dropLast() {
        let shape = layer.shape.spec, positions = shape.convolution?.output.positions ?? 1
        let floats = shape.convolution?.output.pixelFloats ?? shape.units
        var outputs: [Double] = []
        for sample in 0..<samples {
            source.load([sample][...], into: network.batch)
            let row = network.outputs(ofLayer: shape.place, count: 1).row(0)
            for place in 0..<positions {
                for unit in 0..<shape.units { outputs.append(Double(row[place * floats + unit])) }
            }
        }
        let mean = outputs.reduce(0, +) / Double(outputs.count)
        let variance = outputs.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(outputs.count)
        // A factor in Float, and sums of at most 180 products.
        try expect(abs(variance - 1) <= 2 * floatGamma(200), "\(layer.name) on \(paths): variance \(variance)")
    }
    try expectEqual(Array(model.layers.last!.values.elements), Array(last.elements), "the softmax layer")
    try expectSameEverywhere(model.values.flat, world)
}
