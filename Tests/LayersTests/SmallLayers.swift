import Layers
import LinearAlgebra
import TestSupport

/// A predicted layer of equal columns.
func smallLayer(channels: Int, columns: Int, units: Int = 8, learned: Int = 6, sharedAlpha: Bool = false) throws -> PredictedWeights {
    let grid = PixelGrid(channels: channels, height: 4, width: 5)
    let kernel = SquaredExponentialKernel(grid: grid, sigma: 1)
    let each = units / columns
    return PredictedWeights(
        grid: grid,
        columns: try (0..<columns).map { j in
            let alpha = sampleAlpha(seed: 1, layer: 0, column: sharedAlpha ? 0 : j, count: learned, positions: grid.positions)
            let dictionary = try kernelDictionary(
                kernel: kernel.matrix(rows: Array(0..<grid.positions), columns: alpha), alpha: alpha, form: .ridge(0.1))
            return Column(units: j * each..<(j + 1) * each, alpha: alpha, dictionary: dictionary)
        })
}

/// All of U, n_v × n_α: one plane's block for each channel, zeros between them.
func wholeDictionary(_ weights: PredictedWeights, column: Int) -> Rows {
    let plane = weights.columns[column].dictionary!.doubles, count = weights.columns[column].alpha.count
    var whole = [[Double]](repeating: [Double](repeating: 0, count: weights.valuesPerUnit), count: weights.grid.inputs)
    for channel in 0..<weights.grid.channels {
        for position in plane.indices {
            for a in 0..<count { whole[channel * plane.count + position][channel * count + a] = plane[position][a] }
        }
    }
    return whole
}
