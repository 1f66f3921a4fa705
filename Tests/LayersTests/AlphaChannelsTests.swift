import Layers
import LinearAlgebra
import TestSupport
import Testing

/// Channels that have α of their own, and dictionaries of all channels.
@Suite struct AlphaChannelsTests {
    private let grid = TensorShape(channels: 3, height: 4, width: 5)
    private let stream = ColumnStream(seed: 3, layer: 1, column: 2)

    private func spec(_ kind: DictionaryKind, _ channels: AlphaChannels?, _ proportion: Double = 0.3) -> WeightSpec {
        WeightSpec(
            dictionary: kind, kernel: KernelSpec(sigma: 1), proportion: proportion, columns: 1, channels: channels)
    }

    /// int(20·0.3) of every plane; the first channel's are those of tied ones, the others are drawn by themselves.
    @Test(arguments: [DictionaryKind.se, .randcon, .dct]) func everyChannelDrawsForItself(kind: DictionaryKind) throws {
        let tied = spec(kind, nil).sampleAtoms(of: grid, stream: stream)
        let untied = spec(kind, .untied).sampleAtoms(of: grid, stream: stream)
        #expect(tied.count == 6 && untied.count == 18 && Array(untied[..<6]) == tied)
        let channels = (0..<3).map { channel in untied.filter { $0 / 20 == channel }.map { $0 % 20 } }
        #expect(channels.allSatisfy { $0.count == 6 && $0 == $0.sorted() && Set($0).count == 6 })
        #expect(Set(channels).count == 3)
        let other = ColumnStream(seed: 3, layer: 1, column: 1)
        #expect(spec(kind, .untied).sampleAtoms(of: grid, stream: other) != untied)
    }

    /// W of a channel is that of its own U: the weights are those of three layers of one plane.
    @Test(arguments: [DictionaryKind.se, .randcon, .dct, .haar])
    func theWeightsAreThoseOfPlanes(kind: DictionaryKind) throws {
        let spec = spec(kind, .untied), plane = TensorShape(channels: 1, height: 4, width: 5)
        let alpha = spec.sampleAtoms(of: grid, stream: stream)
        let u = try spec.makeDictionary(of: grid).matrix(alpha: alpha, stream: stream)
        let shape = try WeightShape(grid: grid, units: 2, spec)
        #expect(u.rows == 60 && u.columns == 18 && shape.valuesPerUnit == 18 && shape.proportion == 0.3)
        let weights = PredictedWeights(
            grid: shape.grid, columns: [Column(units: 0..<2, alpha: alpha, dictionary: u)])
        let w = normalMatrix(rows: 2, columns: 18, stream: 4), full = Matrix<Float>(rows: 2, columns: 60)
        weights.expand(w, into: full)
        let alone = self.spec(kind, nil)
        let dictionary = try alone.makeDictionary(of: plane)
        for channel in 0..<3 {
            let own = alpha[channel * 6..<channel * 6 + 6].map { $0 - channel * 20 }
            let part = try dictionary.matrix(alpha: own, stream: stream)
            let truth = naiveProduct(
                w.columns(channel * 6..<channel * 6 + 6).doubles, naiveTransposed(part.doubles))
            let found = full.columns(channel * 20..<channel * 20 + 20).doubles
            // Sums of 18 terms, 12 of them zeros.
            let bound = floatGamma(18) * 6 * largest(w.doubles) * largest(part.doubles)
            #expect(largestDifference(found, truth) <= bound)
        }
    }

    /// The kernel is the covariance of all inputs.
    @Test func oneDictionaryOfAllChannels() throws {
        let spec = spec(.emp, .across), line = TensorShape(units: 60)
        let samples = normalMatrix(rows: 60, columns: 200, stream: 8).doubles
        let covariance = Matrix<Double>(naiveProduct(samples, naiveTransposed(samples)).map { $0.map { $0 / 200 } })
        #expect(spec.dictionaryGrid(of: grid) == line && self.spec(.emp, .untied).dictionaryGrid(of: grid) == grid)
        let alpha = spec.sampleAtoms(of: grid, stream: stream)
        let made = try spec.makeDictionary(of: grid, data: .covariance(covariance))
        let alone = try self.spec(.emp, nil).makeDictionary(of: line, data: .covariance(covariance))
        #expect(alpha.count == 18 && alpha.last! < 60 && spec.allAtoms(of: grid) == 60)
        #expect(
            try made.matrix(alpha: alpha, stream: stream).arrays == alone.matrix(alpha: alpha, stream: stream).arrays)
        #expect(try WeightShape(grid: grid, units: 2, spec).grid == line)
    }
}
