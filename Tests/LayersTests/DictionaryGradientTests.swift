import Layers
import LinearAlgebra
import TestSupport
import Testing

/// ∂L/∂U of one column on one plane, for L = ½‖W − T‖² with W = Uw on every channel, so ∂L/∂W = W −
/// T.
@Suite struct DictionaryGradientTests {
    /// Some columns of every row, as they lie in wider rows.
    private func plane(
        _ rows: Rows, _ channel: Int, width: Int
    ) -> Rows {
        rows.map { Array($0[channel * width..<(channel + 1) * width]) }
    }

    @Test(arguments: PredictedWeightsTests.shapes) func agreesWithFiniteDifferences(shape: PredictedWeightsTests.Shape)
        throws
    {
        let layer = try smallLayer(channels: shape.channels, columns: shape.columns)
        let channels = layer.grid.channels, positions = layer.grid.positions, learned = layer.valuesPerUnit / channels
        let bucket = normalMatrix(rows: 8, columns: layer.valuesPerUnit + 1, stream: 37)
        let targets = normalMatrix(rows: 8, columns: layer.grid.count, stream: 38)
        for column in layer.columns {
            let w = bucket.columns(0..<layer.valuesPerUnit).rows(column.units),
                target = targets.rows(column.units).doubles
            func residual(_ u: Rows, _ channel: Int) -> Rows {
                let full = naiveProduct(plane(w.doubles, channel, width: learned), naiveTransposed(u))
                return zip(full, plane(target, channel, width: positions)).map { zip($0, $1).map { $0 - $1 } }
            }
            func loss(_ u: Rows) -> Double {
                0.5
                    * (0..<channels).reduce(0) { sum, channel in
                        residual(u, channel).joined().reduce(sum) { $0 + $1 * $1 }
                    }
            }
            let u = column.dictionary!.doubles
            let slope = finiteDifferences(at: u, step: 1e-3, loss)
            let augmented = Matrix<Float>(rows: w.rows, columns: layer.grid.count + 2),
                g = augmented.columns(0..<layer.grid.count)
            for channel in 0..<channels {
                let residual = residual(u, channel)
                for r in 0..<w.rows { for i in 0..<positions { g[r, channel * positions + i] = Float(residual[r][i]) } }
            }
            // Units and channels are one sum of at most 8·3 terms, whatever the order.
            let stackedG = (0..<channels).flatMap { plane(g.doubles, $0, width: positions) }
            let stackedW = (0..<channels).flatMap { plane(w.doubles, $0, width: learned) }
            let expected = Bounded(naiveTransposed(stackedG)).times(Bounded(stackedW))
            // L is quadratic in U, so central differences only round, over the step: L is a sum of at most 480 squares,
            // each good to 10 roundings. g is rounded to Float.
            let rounding = 490 * 0x1p-53 * loss(u) / 1e-3 + 24 * floatUnit * largest(g.doubles) * largest(w.doubles)
            #expect(largestDifference(slope, expected.value) <= rounding)
            #expect(rounding < 1e-3 * largest(slope))

            let strided = Matrix<Float>(rows: positions, columns: learned),
                contiguous = Matrix<Float>(rows: positions, columns: learned)
            layer.dictionaryGradient(g, values: w, into: strided)
            layer.dictionaryGradient(g.clone(), values: w.clone(), into: contiguous)
            #expect(expected.excess(of: strided.arrays) <= 1)
            #expect(expected.excess(of: contiguous.arrays) <= 1)
        }
    }
}
