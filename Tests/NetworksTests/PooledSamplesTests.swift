import Datasets
import Layers
import LinearAlgebra
import Networks
import TestSupport
import Testing

@Suite struct PooledSamplesTests {
    /// What pools is chosen once: a part of the images has the bits that it has among all of them, however small it is.
    @Test func aPartIsPooledAsTheWhole() throws {
        let data = try Dataset.open("sample"), images = data.train.images
        let dictionary = SquaredExponential(
            grid: TensorShape(channels: 1, height: 28, width: 28), sigma: 1,
            form: .ridge(SquaredExponential.defaultRidge))
        let weights = PredictedWeights(
            grid: dictionary.grid,
            columns: try (0..<3).map { j in
                let stream = ColumnStream(seed: 1, layer: 0, column: j),
                    alpha = stream.sampleAtoms(40, of: dictionary.grid.positions)
                return Column(
                    units: j..<j + 1, alpha: alpha, dictionary: try dictionary.matrix(alpha: alpha, stream: stream))
            })
        let separable = try SeparablePooling(dictionary, of: weights)
        func rows(_ range: Range<Int>, by separable: SeparablePooling?) throws -> (rows: [[Float]], labels: [Int32]) {
            let samples = try ImageSamples(images, data.train.labels, range: range).pooled(
                by: weights, separable: separable)
            let all = Matrix<Float>(rows: range.count, columns: samples.columns)
            samples.load(Array(0..<range.count)[...], into: all)
            return (all.arrays, samples.labels)
        }
        let all = try rows(0..<2000, by: separable)
        for part in [0..<100, 300..<700, 1000..<2000] {
            let some = try rows(part, by: separable)
            #expect(some.rows == Array(all.rows[part]) && some.labels == Array(all.labels[part]))
        }
        // The direct product has other bits.
        #expect(try rows(0..<100, by: nil).rows != Array(all.rows[0..<100]))
    }
}
