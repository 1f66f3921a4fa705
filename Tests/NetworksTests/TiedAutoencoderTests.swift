import Foundation
import Layers
import LinearAlgebra
import Networks
import TestSupport
import Testing

@Suite struct TiedAutoencoderTests {
    static let samples = 5

    /// The sum of ½‖σ(Wᵀσ(Wx + b)) − x‖² in Double, at values of units × (n_α + 1).
    private func loss(_ values: Rows, _ weights: PredictedWeights, _ inputs: Rows) -> Double {
        let full = weights.columns.indices.flatMap { j in
            naiveProduct(
                values[weights.columns[j].units].map { Array($0.dropLast()) }, weights.basis(column: j).doubles)
        }
        func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
        return inputs.reduce(0) { sum, x in
            let h = full.indices.map { k in sigmoid(zip(full[k], x).reduce(values[k].last!) { $0 + $1.0 * $1.1 }) }
            let y = naiveProduct([h], full)[0].map(sigmoid)
            return sum + zip(y, x).reduce(0) { $0 + 0.5 * ($1.0 - $1.1) * ($1.0 - $1.1) }
        }
    }

    /// The gradient of `scale` times that sum, by the chain rule, with a bound on what Float arithmetic may be off by:
    /// every product is one of the autoencoder's.
    private func gradient(_ values: Rows, _ weights: PredictedWeights, _ inputs: Rows, scale: Double) -> Bounded {
        let u = floatUnit, sigmoid = NaivePerceptron.Nonlinearity.sigmoid
        func activated(_ x: Bounded) -> Bounded {
            Bounded(
                value: x.value.map { $0.map(sigmoid.value) },
                error: x.error.map { $0.map { sigmoid.steepest * $0 + sigmoid.kernelError } })
        }
        /// g times the slope at outputs: three roundings, of 1 − y and two products.
        func sloped(_ g: Bounded, at outputs: Bounded) -> Bounded {
            g.map(outputs) { a, da, y, dy in
                let slope = sigmoid.slope(y), exact = abs(a * slope)
                return (
                    a * slope,
                    ((abs(a) + da) * (slope + sigmoid.bend * dy) - exact) + floatGamma(3) * (abs(a) + da) * (slope + dy)
                )
            }
        }
        // U with a row and a column more for the bias.
        let bases = weights.columns.indices.map { j in
            let basis = weights.basis(column: j).doubles
            return Bounded(basis.map { $0 + [0] } + [[Double](repeating: 0, count: inputs[0].count) + [1]])
        }
        let parts = zip(weights.columns, bases).map { Bounded(Array(values[$0.units])).times($1) }
        let full = Bounded(value: parts.flatMap(\.value), error: parts.flatMap(\.error))
        let w = Bounded(value: full.value.map { $0.dropLast() }, error: full.error.map { $0.dropLast() })
        let ones = Bounded(inputs.map { $0 + [1] })
        let h = activated(ones.times(full.transposed)), y = activated(h.times(w))
        let difference = y.map(Bounded(inputs)) { y, dy, x, _ in
            (scale * (y - x), scale * (dy + 2 * u * (abs(y - x) + dy)))
        }
        let ofRebuilt = sloped(difference, at: y)
        let encoder = sloped(ofRebuilt.times(w.transposed), at: h).transposed.times(ones),
            decoder = h.transposed.times(ofRebuilt)
        let ofFull = encoder.plus(Bounded(value: decoder.value.map { $0 + [0] }, error: decoder.error.map { $0 + [0] }))
        let found = zip(weights.columns, bases).map { column, basis in
            Bounded(value: Array(ofFull.value[column.units]), error: Array(ofFull.error[column.units])).times(
                basis.transposed)
        }
        return Bounded(value: found.flatMap(\.value), error: found.flatMap(\.error))
    }

    @Test(arguments: [0, 1, 2], [1, 2])
    func theGradientIsTheSlopeInDouble(columns: Int, channels: Int) throws {
        let grid = TensorShape(channels: channels, height: 3, width: 4)
        let dictionary = SquaredExponential(grid: grid, sigma: 1, form: .ridge(0.1))
        let weights =
            columns == 0
            ? .dense(grid: grid, units: 6)
            : PredictedWeights(
                grid: grid,
                columns: try (0..<columns).map { j in
                    let stream = ColumnStream(seed: 1, layer: 0, column: j),
                        alpha = stream.sampleAtoms(4, of: dictionary.grid.positions)
                    let u = try dictionary.matrix(alpha: alpha, stream: stream), each = 6 / columns
                    return Column(units: j * each..<(j + 1) * each, alpha: alpha, dictionary: u)
                })
        let width = weights.valuesPerUnit + 1
        let values = normalMatrix(rows: 6, columns: width, stream: 70, factor: 0.5),
            gradient = Matrix<Float>(rows: 6, columns: width)
        gradient.fill(.nan)  // what was in it must not count
        let autoencoder = TiedAutoencoder(weights: weights, values: values, gradient: gradient, capacity: 8)
        autoencoder.expand()
        let inputs = normalMatrix(rows: Self.samples, columns: grid.count + 1, stream: 71, factor: 0.5)
        inputs.columns(grid.count..<grid.count + 1).fill(1)
        autoencoder.batch.rows(0..<Self.samples).copy(from: inputs)
        let found = autoencoder.gradient(count: Self.samples, scale: 0.5)

        let x = inputs.columns(0..<grid.count).clone().doubles, truth = loss(values.doubles, weights, x)
        // Some hundred roundings of 2⁻²⁴ on numbers around 1: products of at most 24 terms, four deep.
        #expect(abs(found - truth) < 1e-5 * truth, "\(found), in Double \(truth)")
        let slope = finiteDifferences(at: values.doubles, step: 1e-5) { 0.5 * loss($0, weights, x) }
        let chain = self.gradient(values.doubles, weights, x, scale: 0.5)
        // The step's square times a third derivative of a few units, and the loss's own rounding over the step.
        #expect(largestDifference(slope, chain.value) < 1e-8)
        #expect(chain.excess(of: gradient.arrays) <= 1)
        // The bound itself says something.
        #expect(largest(chain.error) < 1e-3 * largest(slope) && largest(slope) > 1e-2)
    }
}
