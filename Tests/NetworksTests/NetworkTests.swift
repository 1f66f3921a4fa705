import DataParallel
import Datasets
import Foundation
import Layers
import LinearAlgebra
import Networks
import TestSupport
import Testing

@Suite struct NetworkTests {
    /// A net of 20 inputs, hidden layers of 9 and 7 units, 4 classes.
    struct Problem: CustomTestStringConvertible {
        var columns: Int  // 0: dense
        var activation: Activation
        var paths: [ComputePath]
        var dictionaries: [DictionaryKind] = [.se, .se]
        var channels = 1
        var dropout = 0.0
        var testDescription: String { 
            "\(columns) columns, \(activation), \(paths.map(\.rawValue)), \(channels) channels, dropout \(dropout)"
        }

        /// The values of a sample, in planes of 4×5.
        var size: Int { 20 * channels }
        /// The number of the batch's first sample, which dropout draws by.
        static let firstSample = 50

        static let all = Activation.allCases.flatMap { activation in
            [Problem(columns: 0, activation: activation, paths: [.expanded, .expanded, .expanded])]
                + [1, 2, 4].flatMap { columns in
                    ComputePath.allCases.flatMap { first in
                        [ComputePath.expanded, .pooled].map { second in
                            Problem(columns: columns, activation: activation, paths: [first, second, .expanded])
                        }
                    }
                }
        }

        /// Two channels, and what dropout leaves out, each alone and both together.
        static let others = Activation.allCases.flatMap { activation in
            ComputePath.allCases.flatMap { first in
                let paths = [first, first == .expanded ? .expanded : .pooled, .expanded]
                return [
                    Problem(columns: 2, activation: activation, paths: paths, channels: 2),
                    Problem(columns: 2, activation: activation, paths: paths, dropout: 0.4),
                    Problem(columns: 2, activation: activation, paths: paths, channels: 2, dropout: 0.4),
                ]
            }
        }

        static let samples = 6
        let labels: [Int32] = [0, 3, 1, 1, 2, 3]
        var inputs: Matrix<Float> {
            let x = normalMatrix(rows: Problem.samples, columns: size + 1, stream: 60)
            x.columns(size..<size + 1).fill(1)
            return x
        }

        func layers(proportion: Double = 0.3) -> [LayerSpec] {
            zip([9, 7], dictionaries).flatMap { units, kind -> [LayerSpec] in
                let weights = WeightSpec(
                    dictionary: kind, kernel: KernelSpec(sigma: 1), proportion: proportion, columns: columns)
                return [.fullyConnected(units: units, columns == 0 ? nil : weights), .activation(activation)]
                    + (dropout > 0 ? [.dropout(rate: dropout)] : [])
            }
        }

        var settings: NetworkSettings {
            NetworkSettings(
                dataset: "none", seed: 1,
                network: NetworkSpec(
                    input: TensorShape(channels: channels, height: 4, width: 5), layers: layers(), classes: 4),
                batch: 8, epochs: 1, learningRate: 0.1, schedule: .linear,
                descent: SGD.Options(momentum: 0.7, weightDecay: 0, maxNorm: nil))
        }

        func model() throws -> NetworkModel {
            let model = try NetworkModel(settings)
            // Larger than training starts with, so that the activations bend; biases, too. A learned U stays as it is
            // drawn.
            let count = model.layers.indices.reduce(0) { $0 + model.values.parameters[$1].count }
            let factor: Float = columns == 0 || channels > 1 || dropout > 0 ? 0.2 : 0.5
            model.values.flat.columns(0..<count).copy(
                from: normalMatrix(rows: 1, columns: count, stream: 61, factor: factor))
            return model
        }

        func network(_ model: NetworkModel, gradient: LearnedValues) -> Network {
            model.network(gradient: gradient, paths: paths, capacity: 8, timer: StepTimer())
        }

        func naive(_ model: NetworkModel) -> NaivePerceptron {
            let nonlinearity: NaivePerceptron.Nonlinearity =
                switch activation {
                case .sigmoid: .sigmoid
                case .relu: .relu
                case .tanh: .tanh
                }
            let layers = model.layers.map(\.weights).map { layer in
                layer.columns.indices.map { j in
                    (layer.columns[j].units, naiveTransposed(layer.basis(column: j).doubles))
                }
            }
            var naive = NaivePerceptron(
                layers: layers, nonlinearity: nonlinearity, inputs: inputs.columns(0..<size).clone().doubles,
                labels: labels)
            if dropout > 0 {
                naive.masks = [9, 7].enumerated().map { layer, units in mask(layer: layer, units: units) }
            }
            return naive
        }

        /// What dropout makes of ones, as its own tests know it.
        private func mask(layer: Int, units: Int) -> Rows {
            let ones = Matrix<Float>(rows: Problem.samples, columns: units)
            ones.fill(1)
            LinearAlgebra.dropout(
                inPlace: ones, rate: Float(dropout), stream: RandomStream(seed: 1, purpose: .dropout, stream: layer),
                firstIndex: Problem.firstSample * units)
            return ones.doubles
        }

        func values(_ model: NetworkModel) -> [Rows] { model.layers.indices.map { model.values.matrix($0).doubles } }
    }

    @Test(arguments: (Problem.all + Problem.others).filter { $0.paths == [.expanded, .expanded, .expanded] })
    func theNaiveGradientIsTheSlope(problem: Problem) throws {
        let model = try problem.model()
        let naive = problem.naive(model), values = problem.values(model)
        let gradient = naive.bounded(values, pools: [false, false, false]).gradient
        for k in values.indices {
            let slope = finiteDifferences(at: values[k], step: 1e-5) { changed in
                var all = values
                all[k] = changed
                return naive.loss(all)
            }
            // The step's square times a third derivative of a few units, and the loss's own rounding over the step.
            #expect(largestDifference(slope, gradient[k].value) < 1e-8, "layer \(k)")
        }
    }

    @Test(arguments: Problem.all + Problem.others) func lossAndGradientAreThoseInDouble(problem: Problem) throws {
        let model = try problem.model()
        let gradient = model.values.zeros
        gradient.flat.fill(.nan)  // what was in it must not count
        let network = problem.network(model, gradient: gradient)
        let batch = network.batch.rows(0..<Problem.samples)
        if problem.paths[0] == .reduced {
            model.layers[0].weights.poolAll(problem.inputs.columns(0..<problem.inputs.columns - 1), into: batch)
        } else {
            batch.copy(from: problem.inputs)
        }
        network.expand()
        let found = network.gradient(
            count: Problem.samples, labels: problem.labels, scale: 1 / Double(Problem.samples),
            firstSample: Problem.firstSample)
        let truth = problem.naive(model).bounded(problem.values(model), pools: problem.paths.map { $0 != .expanded })
        #expect(
            abs(found.loss - truth.loss) <= truth.error,
            "loss \(found.loss), in Double \(truth.loss) ± \(truth.error)")
        for k in model.layers.indices {
            let excess = truth.gradient[k].excess(of: gradient.matrix(k).arrays)
            #expect(excess <= 1, "layer \(k): \(excess) of its bound")
        }
        // The bound itself says something.
        #expect(truth.error < 1e-3 && truth.gradient.allSatisfy { largest($0.error) < 1e-3 })
    }

    @Test func samplesThatAreNotThereHaveNoGradient() throws {
        let problem = Problem(columns: 2, activation: .sigmoid, paths: [.pooled, .expanded, .expanded])
        let model = try problem.model()
        let gradient = model.values.zeros
        gradient.flat.fill(.nan)
        let network = problem.network(model, gradient: gradient)
        network.expand()
        let found = network.gradient(count: 0, labels: problem.labels, scale: 1)
        #expect(found.loss == 0 && found.errors == 0)
        #expect(gradient.flat.elements.allSatisfy { $0 == 0 })
    }

    /// A learned U has a gradient, too: the slope of the loss in Double, where U is moved one value at a time.
    @Test func aLearnedDictionaryHasItsSlope() throws {
        let problem = Problem(
            columns: 2, activation: .sigmoid, paths: [.expanded, .expanded, .expanded],
            dictionaries: [.lowrank, .randfixu])
        let model = try problem.model()
        let gradient = model.values.zeros
        let network = problem.network(model, gradient: gradient)
        network.batch.rows(0..<Problem.samples).copy(from: problem.inputs)
        network.expand()
        _ = network.gradient(count: Problem.samples, labels: problem.labels, scale: 1 / Double(Problem.samples))
        let parameter = try #require(model.layers[0].shape.dictionaryParameter)
        #expect(model.layers.map(\.shape.dictionaryParameter) == [parameter, nil, nil])

        let naive = problem.naive(model), values = problem.values(model)
        let u = model.values.matrix(parameter).doubles, positions = 20
        let slope = finiteDifferences(at: u, step: 1e-5) { changed in
            var moved = naive
            for j in 0..<2 { moved.layers[0][j].basis = Array(changed[j * positions..<(j + 1) * positions]) }
            return moved.loss(Array(values[..<3]))
        }
        // Products of at most 21 terms, five deep, on numbers around 1: some hundred roundings of 2⁻²⁴ each.
        #expect(largestDifference(slope, gradient.matrix(parameter).doubles) < 1e-5 * max(1, largest(slope)))
        #expect(largest(slope) > 1e-3)
    }

    /// A fraction means its numerator, though 784·(16/784) is a little less in Double.
    @Test(arguments: [1, 16, 20, 39, 392, 784]) func aFractionIsExact(learned: Int) throws {
        let grid = TensorShape(channels: 1, height: 28, width: 28)
        let spec = WeightSpec(dictionary: .randcon, proportion: Double(learned) / 784, columns: 2)
        #expect(
            spec.atoms(of: grid) == learned && (try? WeightShape(grid: grid, units: 9, spec))?.valuesPerUnit == learned)
    }
}
