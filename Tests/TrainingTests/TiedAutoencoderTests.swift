import Foundation
import Layers
import LinearAlgebra
import TestSupport
import Testing
import Training

@Suite struct TiedAutoencoderTests {
    static let samples = 5

    /// The sum of ½‖σ(Wᵀσ(Wx + b)) − x‖² in Double, at values of units × (n_α + 1).
    private func loss(_ values: Rows, _ weights: PredictedWeights, _ inputs: Rows) -> Double {
        let full = weights.columns.indices.flatMap { j in
            naiveProduct(values[weights.columns[j].units].map { Array($0.dropLast()) }, weights.basis(column: j).doubles)
        }
        func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
        return inputs.reduce(0) { sum, x in
            let h = full.indices.map { k in sigmoid(zip(full[k], x).reduce(values[k].last!) { $0 + $1.0 * $1.1 }) }
            let y = naiveProduct([h], full)[0].map(sigmoid)
            return sum + zip(y, x).reduce(0) { $0 + 0.5 * ($1.0 - $1.1) * ($1.0 - $1.1) }
        }
    }

    @Test(arguments: [0, 1, 2], [1, 2])
    func theGradientIsTheSlopeInDouble(columns: Int, channels: Int) throws {
        let grid = PixelGrid(channels: channels, height: 3, width: 4)
        let dictionary = SquaredExponential(grid: grid, sigma: 1, form: .ridge(0.1))
        let weights = columns == 0 ? .dense(grid: grid, units: 6) : PredictedWeights(
            grid: grid,
            columns: try (0..<columns).map { j in
                let stream = ColumnStream(seed: 1, layer: 0, column: j), alpha = try dictionary.choose(4, stream: stream)
                let u = try dictionary.matrix(alpha: alpha, stream: stream), each = 6 / columns
                return Column(units: j * each..<(j + 1) * each, alpha: alpha, dictionary: u)
            })
        let width = weights.valuesPerUnit + 1
        let values = normalMatrix(rows: 6, columns: width, stream: 70, factor: 0.5), gradient = Matrix<Float>(rows: 6, columns: width)
        gradient.fill(.nan)  // what was in it must not count
        let autoencoder = TiedAutoencoder(weights: weights, values: values, gradient: gradient, capacity: 8)
        autoencoder.rebuild()
        let inputs = normalMatrix(rows: Self.samples, columns: grid.inputs + 1, stream: 71, factor: 0.5)
        inputs.columns(grid.inputs..<grid.inputs + 1).fill(1)
        autoencoder.batch.rows(0..<Self.samples).copy(from: inputs)
        let found = autoencoder.gradient(count: Self.samples, scale: 0.5)

        let x = inputs.columns(0..<grid.inputs).clone().doubles, truth = loss(values.doubles, weights, x)
        // Some hundred roundings of 2⁻²⁴ on numbers around 1: products of at most 24 terms, four deep.
        #expect(abs(found - truth) < 1e-5 * truth, "\(found), in Double \(truth)")
        let slope = finiteDifferences(at: values.doubles, step: 1e-5) { 0.5 * loss($0, weights, x) }
        #expect(largestDifference(slope, gradient.doubles) < 1e-5 * max(1, largest(slope)))
        #expect(largest(slope) > 1e-2)
    }
}
