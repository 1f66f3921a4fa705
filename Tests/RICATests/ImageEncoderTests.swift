import Datasets
import Layers
import LinearAlgebra
import RICA
import TestSupport
import Testing

@Suite struct ImageEncoderTests {
    struct Case: CustomTestStringConvertible {
        var channels: Int, encoder: Encoder, path: ComputePath, columns: Int
        var testDescription: String { "\(channels) channels, \(encoder), \(path), \(columns) columns" }
        static let all = [1, 3].flatMap { channels in
            Encoder.allCases.flatMap { encoder in
                [
                    Case(channels: channels, encoder: encoder, path: .expanded, columns: 0),
                    Case(channels: channels, encoder: encoder, path: .expanded, columns: 2),
                    Case(channels: channels, encoder: encoder, path: .pooled, columns: 2),
                ]
            }
        }
    }

    /// 12×11 pixels have 9×8 positions, so the quadrants are 4 and 5 rows high.
    @Test(arguments: Case.all) func featuresAreTheNaiveOnes(problem: Case) throws {
        let settings = smallSettings(learned: problem.columns == 0 ? nil : 0.4, columns: max(problem.columns, 1))
        let model = try smallModel(settings, channels: problem.channels, encoder: problem.encoder).model
        let shape = TensorShape(channels: problem.channels, height: 12, width: 11)
        let random = RandomStream(seed: 1, purpose: .tests, stream: 62)
        let planes = (0..<shape.count).map { UInt8(random.integer(below: 256, at: $0)) }
        let encoder = ImageEncoder(model: model, shape: shape, path: problem.path)
        #expect(encoder.path == problem.path)
        var features = [Float](repeating: .nan, count: encoder.features)
        encoder.encode(planes, into: &features)

        // Ŵ = ŵUᵀ in Double, and |ŵ||U|ᵀ, what its product sums up.
        let layer = model.weights
        var rows: Rows = [], magnitude: Rows = []
        for (j, column) in layer.columns.enumerated() {
            let basis = layer.basis(column: j).doubles, w = model.values.rows(column.units).doubles
            rows += naiveProduct(w, basis)
            magnitude += naiveProduct(w.map { $0.map(abs) }, basis.map { $0.map(abs) })
        }
        let naive = NaiveEncoder(
            channels: shape.channels, height: shape.height, width: shape.width, size: 4, rows: rows,
            whitening: model.whitening.matrix.doubles, mean: model.whitening.mean.map(Double.init),
            scale: model.scale.map(Double.init)
        ) { y in
            switch problem.encoder {
            case .abs: [abs(y)]
            case .smooth: [(y * y + Double(Encoder.epsilon)).squareRoot()]
            case .rectified: [max(0, y - 0.5), max(0, -y - 0.5)]
            }
        }
        let (value, error) = naive.encode(planes, magnitude: magnitude)
        #expect(value.count == features.count)
        #expect(Bounded(value: [value], error: [error]).excess(of: [features]) <= 1)
        #expect(error.max()! < 0.1 * value.max()!)
    }

    @Test func theScaleBringsResponsesToUnitVariance() throws {
        let (model, covariance) = try smallModel(smallSettings(), channels: 1)
        let filters = naiveProduct(model.expandedRows.doubles, model.whitening.matrix.doubles)
        let spread = naiveProduct(filters, covariance.arrays)
        for k in filters.indices {
            let variance = zip(filters[k], spread[k]).reduce(0) { $0 + $1.0 * $1.1 }
            #expect(abs(Double(model.scale[k]) * variance.squareRoot() - 1) < 2 * floatUnit)
        }
    }
}
