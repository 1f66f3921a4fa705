import Layers
import LinearAlgebra
import TestSupport

/// A predicted layer of equal columns.
func smallLayer(
    channels: Int, columns: Int, units: Int = 8, learned: Int = 6, sharedAlpha: Bool = false
) throws -> PredictedWeights {
    let grid = TensorShape(channels: channels, height: 4, width: 5)
    let dictionary = SquaredExponential(grid: grid, sigma: 1, form: .ridge(0.1))
    let each = units / columns
    return PredictedWeights(
        grid: grid,
        columns: try (0..<columns).map { j in
            let stream = ColumnStream(seed: 1, layer: 0, column: j, sampling: sharedAlpha ? .shared : .distinct)
            let alpha = stream.sampleAtoms(learned, of: dictionary.grid.positions)
            return Column(
                units: j * each..<(j + 1) * each, alpha: alpha,
                dictionary: try dictionary.matrix(alpha: alpha, stream: stream))
        })
}

/// All of U, n_v × n_α: one plane's block for each channel, zeros between them.
func wholeDictionary(_ weights: PredictedWeights, column: Int) -> Rows {
    let plane = weights.columns[column].dictionary!.doubles, count = weights.columns[column].alpha.count
    var whole = [[Double]](repeating: [Double](repeating: 0, count: weights.valuesPerUnit), count: weights.grid.count)
    for channel in 0..<weights.grid.channels {
        for position in plane.indices {
            for a in 0..<count { whole[channel * plane.count + position][channel * count + a] = plane[position][a] }
        }
    }
    return whole
}

/// For dictionaries that draw nothing when U is made, and where it does not matter.
let anyStream = ColumnStream(seed: 1, layer: 0, column: 0)

/// The covariance XᵀX/m of m = 2n samples.
func smallCovariance(_ n: Int) -> Matrix<Double> {
    let samples = normalMatrix(rows: 2 * n, columns: n, stream: 60).widened
    let covariance = Matrix<Double>(rows: n, columns: n)
    multiply(samples, samples, transposed: .first, into: covariance, alpha: 1 / Double(2 * n))
    mirrorLowerTriangle(of: covariance)
    return covariance
}
