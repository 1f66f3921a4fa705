import DataParallel
import Foundation
import Layers
import LinearAlgebra
import Networks
import TestSupport
import Testing

/// Networks of convolutions and pools beside the same in Double, sample by sample.
@Suite struct ConvolutionNetworkTests {
    struct Problem: CustomTestStringConvertible, Sendable {
        var input = TensorShape(channels: 2, height: 7, width: 6)
        var layers: [LayerSpec]
        var samples = 3
        var testDescription: String { layers.map { "\($0)" }.joined(separator: "; ") + "; \(samples) samples" }

        var settings: NetworkSettings {
            NetworkSettings(
                dataset: "none", seed: 1, network: NetworkSpec(input: input, layers: layers, classes: 3), batch: 8,
                epochs: 1, learningRate: 0.1, schedule: .linear,
                descent: SGD.Options(momentum: 0.7, weightDecay: 0, maxNorm: nil))
        }
        static let labels: [Int32] = [0, 2, 1]
        /// The number of the batch's first sample, which dropout draws by.
        static let firstSample = 40

        func model() throws -> NetworkModel {
            try settings.check()
            let model = try NetworkModel(settings)
            model.values.flat.copy(
                from: normalMatrix(rows: 1, columns: model.values.flat.columns, stream: 61, factor: 0.4))
            return model
        }
        func inputs(_ sample: Int) -> [Double] {
            normalMatrix(rows: 1, columns: input.count, stream: 70 + sample).doubles[0]
        }
    }

    private static func predicted(_ kind: DictionaryKind = .se, columns: Int = 1) -> WeightSpec {
        WeightSpec(dictionary: kind, kernel: KernelSpec(sigma: 1), proportion: 0.4, columns: columns)
    }
    private static func untied(
        _ kind: DictionaryKind, _ form: KernelForm? = nil, columns: Int = 1, channels: AlphaChannels = .untied
    ) -> WeightSpec {
        var spec = predicted(kind, columns: columns)
        (spec.kernel.form, spec.channels) = (form, channels)
        return spec
    }
    private static func large() -> WeightSpec {
        var spec = open(reach: 2)
        spec.proportion = 0.9
        return spec
    }
    private static func orthonormal(_ kind: DictionaryKind, columns: Int = 1) -> WeightSpec {
        var spec = predicted(kind, columns: columns)
        spec.kernel.form = .orthonormal
        return spec
    }
    private static func open(
        _ form: KernelForm? = nil, of kind: DictionaryKind = .se, sigma: Double? = 0.5, columns: Int = 1,
        reach: Int = 3, channels: AlphaChannels? = nil
    ) -> WeightSpec {
        WeightSpec(
            dictionary: kind, kernel: KernelSpec(sigma: sigma, form: form), proportion: 0.4, columns: columns,
            reach: reach, channels: channels)
    }

    static let problems: [Problem] = [
        Problem(layers: [.convolution(maps: 4, size: 3, stride: 1, padding: 1, nil), .activation(.tanh)]),
        Problem(layers: [
            .convolution(maps: 4, size: 3, stride: 2, padding: 2, predicted(columns: 2)), .activation(.sigmoid),
        ]),
        Problem(layers: [
            .convolution(maps: 5, size: 4, stride: 1, padding: 2, predicted()), .maxPool(size: 3, stride: 2),
            .activation(.relu), .convolution(maps: 17, size: 2, stride: 1, padding: 1, predicted(.dct, columns: 3)),
            .activation(.tanh), .maxPool(size: 2, stride: 1), .fullyConnected(units: 6, predicted()),
            .activation(.relu),
        ]),
        // Dropout in the order of pixels; a convolution that reads what a pool left.
        Problem(
            layers: [
                .convolution(maps: 3, size: 1, stride: 1, padding: 0, nil), .activation(.relu), .dropout(rate: 0.4),
                .maxPool(size: 2, stride: 2), .convolution(maps: 2, size: 3, stride: 3, padding: 2, nil),
                .activation(.sigmoid), .dropout(rate: 0.3),
            ], samples: 1),
        // Dropout behind no activation, and a U that is learned.
        Problem(layers: [
            .convolution(maps: 4, size: 3, stride: 1, padding: 0, predicted(.lowrank)), .maxPool(size: 2, stride: 1),
            .dropout(rate: 0.4), .convolution(maps: 3, size: 2, stride: 1, padding: 0, predicted(.randcon)),
            .activation(.tanh),
        ]),
        // Nothing but a pool before the softmax layer, and a convolution behind a fully connected layer.
        Problem(layers: [.maxPool(size: 2, stride: 2)]),
        // Nothing to learn before a convolution that reads maps.
        Problem(layers: [
            .maxPool(size: 2, stride: 1), .activation(.tanh), .dropout(rate: 0.4),
            .convolution(maps: 4, size: 3, stride: 1, padding: 1, predicted()), .activation(.tanh),
        ]),
        Problem(layers: [
            .fullyConnected(units: 7, nil), .activation(.tanh),
            .convolution(maps: 3, size: 3, stride: 2, padding: 1, nil), .activation(.tanh),
        ]),
        // Orthonormal bases, of kernels that are cut and that go on, and of others.
        Problem(layers: [
            .convolution(maps: 4, size: 3, stride: 1, padding: 1, open(.orthonormal)), .activation(.tanh),
            .convolution(maps: 5, size: 4, stride: 2, padding: 2, orthonormal(.se, columns: 2)), .activation(.sigmoid),
            .fullyConnected(units: 4, orthonormal(.dct)), .activation(.tanh),
        ]),
        // Open windows, and connections without a kernel: inputs can be pooled.
        Problem(layers: [
            .convolution(maps: 4, size: 3, stride: 1, padding: 1, open()), .activation(.tanh),
            .convolution(maps: 5, size: 4, stride: 2, padding: 3, open(.raw)), .activation(.sigmoid),
        ]),
        Problem(layers: [
            .convolution(maps: 17, size: 3, stride: 2, padding: 2, predicted(.randcon)), .activation(.relu),
            .convolution(maps: 3, size: 2, stride: 1, padding: 0, open()), .maxPool(size: 2, stride: 1),
            .convolution(maps: 3, size: 2, stride: 1, padding: 1, predicted(.randcon)), .activation(.tanh),
        ]),
        // The same with several columns, each with its own taps.
        Problem(layers: [
            .convolution(maps: 5, size: 3, stride: 1, padding: 1, open(columns: 2)), .activation(.tanh),
            .convolution(maps: 7, size: 3, stride: 2, padding: 2, open(.raw, columns: 3)), .activation(.sigmoid),
            .convolution(maps: 4, size: 2, stride: 1, padding: 1, open(.orthonormal, columns: 4)), .activation(.tanh),
        ]),
        Problem(layers: [
            .convolution(maps: 17, size: 3, stride: 2, padding: 2, predicted(.randcon, columns: 2)), .activation(.relu),
            .convolution(maps: 3, size: 3, stride: 1, padding: 1, predicted(.randcon, columns: 3)), .activation(.tanh),
        ]),
        // Filters that are large enough for Fourier transforms, also of a blurred map.
        Problem(
            input: TensorShape(channels: 2, height: 10, width: 9),
            layers: [
                .convolution(maps: 3, size: 2, stride: 1, padding: 0, nil), .activation(.tanh),
                .convolution(maps: 4, size: 8, stride: 1, padding: 4, large()), .activation(.tanh),
                .convolution(maps: 3, size: 7, stride: 1, padding: 3, nil), .activation(.sigmoid),
            ]),
        // An open window whose ridge is too small for taps: its atoms are larger than the image.
        Problem(layers: [
            .convolution(maps: 4, size: 3, stride: 2, padding: 1, open(.ridge(1e-3), sigma: 1, columns: 2, reach: 6)),
            .activation(.tanh),
        ]),
        // Channels with α of their own, and a dictionary of all of them; pooled and expanded fully connected layers.
        Problem(layers: [
            .convolution(maps: 4, size: 3, stride: 1, padding: 1, untied(.se)), .activation(.tanh),
            .convolution(maps: 5, size: 3, stride: 2, padding: 1, untied(.randcon, columns: 2)), .activation(.sigmoid),
            .fullyConnected(units: 4, untied(.dct, .orthonormal, columns: 2)), .activation(.tanh),
        ]),
        Problem(layers: [
            .convolution(maps: 4, size: 3, stride: 2, padding: 0, untied(.randcon, columns: 2, channels: .across)),
            .activation(.tanh),
            .convolution(maps: 3, size: 2, stride: 1, padding: 0, untied(.lowrank, channels: .across)),
            .activation(.sigmoid), .fullyConnected(units: 4, untied(.randfixu, columns: 2, channels: .across)),
            .activation(.tanh),
        ]),
    ]

    /// The loss of the samples by loops over the spec.
    private func loss(_ problem: Problem, _ rows: [Rows], masks: [Rows]) -> Double {
        let network = problem.settings.network
        var total = 0.0
        for sample in 0..<problem.samples {
            var x = problem.inputs(sample), shape = network.input, weighted = 0, dropped = 0
            func product(_ rows: Rows, _ x: [Double]) -> [Double] {
                rows.map { row in zip(row, x + [1]).reduce(0) { $0 + $1.0 * $1.1 } }
            }
            for layer in network.layers {
                let output = layer.output(of: shape)
                switch layer {
                case .fullyConnected: x = product(rows[weighted], x)
                case .convolution:
                    let convolution = layer.convolution(of: shape)!
                    let naive = NaiveConvolution(
                        channels: shape.channels, height: shape.height, width: shape.width, maps: convolution.maps,
                        size: convolution.size, stride: convolution.stride, padding: convolution.padding)
                    x = naive.outputs(
                        x, weights: rows[weighted].flatMap { $0.dropLast() }, bias: rows[weighted].map { $0.last! })
                case .maxPool(let size, let stride):
                    x = (0..<output.count).map { i in
                        let (channel, place) = i.quotientAndRemainder(dividingBy: output.positions)
                        let (row, column) = place.quotientAndRemainder(dividingBy: output.width)
                        return (0..<size * size).map { tap in
                            let y = row * stride + tap / size, z = column * stride + tap % size
                            return x[(channel * shape.height + y) * shape.width + z]
                        }.max()!
                    }
                case .activation(.relu): x = x.map { max(0, $0) }
                case .activation(.tanh): x = x.map(tanh)
                case .activation(.sigmoid): x = x.map { 1 / (1 + exp(-$0)) }
                case .dropout:
                    x = zip(x, masks[dropped][sample]).map { $0 * $1 }
                    dropped += 1
                }
                if layer.weights != nil { weighted += 1 }
                shape = output
            }
            let logits = product(rows[weighted], x), most = logits.max()!
            let all = log(logits.reduce(0) { $0 + exp($1 - most) }) + most
            total += all - logits[Int(Problem.labels[sample])]
        }
        return total
    }

    /// What dropout makes of ones, as its own tests know it, in planes.
    private func masks(_ problem: Problem) -> [Rows] {
        var all: [Rows] = []
        for place in problem.settings.network.places {
            let dropped: Double? =
                switch place.kind {
                case .layer(.activation, let behind): behind
                case .layer(.dropout(let rate), _): rate
                default: nil
                }
            guard let rate = dropped else { continue }
            let ones = Matrix<Float>(rows: problem.samples, columns: place.outputs)
            ones.fill(1)
            dropout(
                inPlace: ones, rate: Float(rate),
                stream: RandomStream(seed: 1, purpose: .dropout, stream: all.count),
                firstIndex: Problem.firstSample * place.outputs)
            #expect(place.outputOrder == .pixels)
            let shape = place.output
            all.append(
                ones.doubles.map { row in
                    (0..<shape.count).map { row[$0 % shape.positions * shape.pixelFloats + $0 / shape.positions] }
                })
        }
        return all
    }

    @Test(arguments: problems, [false, true])
    func lossAndGradientAreThoseInDouble(problem: Problem, isPooled: Bool) throws {
        let model = try problem.model(), gradient = model.values.zeros
        let paths = model.layers.map { layer in
            isPooled && layer.shape.pooled != nil ? ComputePath.pooled : .expanded
        }
        let pools = problem.layers.contains { layer in
            guard case .convolution(_, _, _, _, let weights?) = layer else { return false }
            return weights.channels == nil && weights.dictionary != .lowrank
        }
        #expect(paths.contains(.pooled) == (isPooled && pools))
        guard !isPooled || pools else { return }
        gradient.flat.fill(.nan)  // what was in it must not count
        let network = model.network(gradient: gradient, paths: paths, capacity: 4, timer: StepTimer())
        network.expand()
        for sample in 0..<problem.samples {
            for (i, value) in problem.inputs(sample).enumerated() { network.batch[sample, i] = Float(value) }
        }
        // Twice: workspaces keep nothing of the first time.
        var found = (loss: 0.0, errors: 0)
        for _ in 0..<2 {
            found = network.gradient(
                count: problem.samples, labels: Problem.labels, scale: 1, firstSample: Problem.firstSample)
        }
        // Others may add to the gradient of W before it is projected.
        if !isPooled, let shapes = model.shape.expanded {
            let projected = model.values.zeros
            let other = model.network(
                gradient: projected, expanded: LearnedValues(shapes), paths: model.layers.map { _ in .expanded },
                capacity: 4, timer: StepTimer())
            other.expand()
            other.batch.copy(from: network.batch)
            _ = other.gradient(
                count: problem.samples, labels: Problem.labels, scale: 1, firstSample: Problem.firstSample)
            other.projectGradient()
            #expect(projected.flat.arrays == gradient.flat.arrays)
        }
        let masks = masks(problem)
        let values = model.layers.indices.map { model.values.matrix($0).doubles }
        func expanded(_ values: [Rows]) -> [Rows] {
            zip(model.layers, values).map { layer, rows in
                let weights = layer.weights
                return (0..<weights.units).map { unit in
                    let row = rows[unit]
                    guard !weights.isDense else { return row }
                    let column = weights.columns.firstIndex { $0.units.contains(unit) }!
                    let basis = weights.basis(column: column).doubles
                    return (0..<weights.grid.count).map { i in
                        basis.indices.reduce(0) { $0 + basis[$1][i] * row[$1] }
                    } + [row.last!]
                }
            }
        }
        let truth = loss(problem, expanded(values), masks: masks)
        // On the longest way, forward and back, sums of fewer than 1000 terms in all follow each other, on numbers of a
        // few units.
        let tolerance = floatGamma(1000)
        #expect(abs(found.loss - truth) <= tolerance * max(1, truth), "loss \(found.loss), in Double \(truth)")
        for k in model.layers.indices {
            let slope = finiteDifferences(at: values[k], step: 1e-6) { changed in
                var all = values
                all[k] = changed
                return loss(problem, expanded(all), masks: masks)
            }
            let difference = largestDifference(slope, gradient.matrix(k).doubles)
            #expect(
                difference <= tolerance * max(1, largest(slope)),
                "\(model.layers[k].name): \(difference) of \(largest(slope))")
            #expect(largest(slope) > 1e-3)
        }
    }

    @Test(arguments: [
        [LayerSpec.maxPool(size: 8, stride: 2)], [.convolution(maps: 2, size: 9, stride: 1, padding: 1, nil)],
        [.convolution(maps: 2, size: 3, stride: 1, padding: 3, nil)],
        [.maxPool(size: 4, stride: 2), .convolution(maps: 2, size: 3, stride: 1, padding: 0, nil)],
        [.convolution(maps: 0, size: 3, stride: 1, padding: 0, nil)],
        [.convolution(maps: 2, size: 3, stride: 1, padding: 0, predicted(.ae))],
        [.convolution(maps: 2, size: 3, stride: 1, padding: 0, open(of: .dct))],
        [.convolution(maps: 2, size: 3, stride: 1, padding: 0, open(reach: 97))],
        [.convolution(maps: 2, size: 3, stride: 1, padding: 0, untied(.pca))],
        [.convolution(maps: 2, size: 3, stride: 1, padding: 0, untied(.se, channels: .across))],
        [.convolution(maps: 2, size: 3, stride: 1, padding: 0, open(channels: .untied))],
        [.convolution(maps: 2, size: 3, stride: 1, padding: 0, open(sigma: nil))], [.fullyConnected(units: 3, open())],
        [.activation(.relu), .fullyConnected(units: 3, nil)], [.dropout(rate: 0.5)],
        [.convolution(maps: 100_000, size: 3, stride: 1, padding: 1, nil), .fullyConnected(units: 1_000_000, nil)],
        [.convolution(maps: 100_000, size: 1000, stride: 1, padding: 999, nil)],
    ]) func whatDoesNotFitIsRefused(layers: [LayerSpec]) {
        #expect(throws: LayerSpecError.self) {
            try NetworkSpec(input: TensorShape(channels: 1, height: 6, width: 7), layers: layers, classes: 2).check()
        }
    }

    /// ‖W‖ of a start in an orthonormal basis is that of a dense layer, whether channels share α or not: its
    /// squares are those of draws from ±0.1, 0.01/3 each, within four of their standard deviations.
    @Test(arguments: [AlphaChannels.tied, .untied]) func startsInAnOrthonormalBasis(channels: AlphaChannels) throws {
        var problem = Self.problems[0]
        let spec = Self.untied(.dct, .orthonormal, channels: channels)
        problem.input = TensorShape(channels: 3, height: 7, width: 6)
        problem.layers = [.convolution(maps: 8, size: 3, stride: 1, padding: 0, spec)]
        let model = try NetworkModel(problem.settings)
        let squares = model.layers[0].expanded().doubles.joined().reduce(0) { $0 + $1 * $1 }
        // int(9·0.4) directions of each plane, brought to the length of nine: as many draws count, each for three.
        let drawn = Double(8 * 9), mean = 0.01 / 3, deviation = mean * (0.8 / drawn).squareRoot()
        #expect(abs(squares / (8 * 27) - mean) < 4 * deviation)
    }

    @Test func convolutionsAreNotPreTrained() {
        var settings = Self.problems[0].settings
        settings.pretrainEpochs = 1
        #expect(throws: LayerSpecError.self) { try settings.check() }
    }

    /// Its autoencoder has sigmoid outputs.
    @Test(arguments: [
        ([], true), ([.maxPool(size: 2, stride: 2)], true), ([.activation(.sigmoid), .dropout(rate: 0.1)], true),
        ([.activation(.relu)], false), ([.maxPool(size: 2, stride: 1)], false),
    ] as [([LayerSpec], Bool)]) func autoencodersRebuildWhatIsBetween0And1(before: [LayerSpec], isTaken: Bool) {
        let convolution = LayerSpec.convolution(maps: 2, size: 3, stride: 1, padding: 0, nil)
        let first = before.isEmpty || before == [.maxPool(size: 2, stride: 2)] ? [] : [convolution]
        let spec = NetworkSpec(
            input: TensorShape(channels: 1, height: 6, width: 7),
            layers: first + before + [.fullyConnected(units: 3, Self.predicted(.ae))], classes: 2)
        #expect(((try? spec.check()) != nil) == isTaken)
    }

    @Test func theMessageHasTheLayerAndItsInput() {
        let spec = NetworkSpec(
            input: TensorShape(channels: 3, height: 6, width: 7), layers: [.maxPool(size: 8, stride: 2)], classes: 2)
        #expect {
            try spec.check()
        } throws: { error in
            "\(error)"
                == "a pool of 8×8, stride 2: expected windows that fit into its input, found an input of 3×6×7"
        }
    }
}

