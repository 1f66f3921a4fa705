import Layers
import LinearAlgebra
import TestSupport
import Testing

@Suite struct SeparablePoolingTests {
    struct Case: CustomTestStringConvertible {
        var grid: TensorShape, form: KernelForm
        var testDescription: String { "\(grid.channels)×\(grid.height)×\(grid.width), \(form)" }

        static let all = [(1, 5, 7), (3, 7, 4), (1, 1, 9), (3, 9, 3)].flatMap { channels, height, width in
            [KernelForm.ridge(0.1), .raw].map {
                Case(grid: TensorShape(channels: channels, height: height, width: width), form: $0)
            }
        }
    }

    private func layer(_ dictionary: SquaredExponential, columns: Int, learned: Int) throws -> PredictedWeights {
        PredictedWeights(
            grid: dictionary.grid,
            columns: try (0..<columns).map { j in
                let stream = ColumnStream(seed: 1, layer: 0, column: j),
                    alpha = stream.sampleAtoms(learned, of: dictionary.grid.positions)
                return Column(
                    units: j..<j + 1, alpha: alpha, dictionary: try dictionary.matrix(alpha: alpha, stream: stream))
            })
    }

    /// 103 samples: a block and a part of one; rows are parts of wider ones, as in a chunk of images.
    @Test(arguments: Case.all) func pooledInputsAreThoseOfTheNaiveProduct(_ test: Case) throws {
        let grid = test.grid, positions = grid.positions, n = 4, width = grid.channels * n + 1
        let dictionary = SquaredExponential(grid: grid, sigma: 1, form: test.form)
        let weights = try layer(dictionary, columns: 3, learned: n)
        let x = normalMatrix(rows: 103, columns: grid.count + 1, stream: 70).columns(0..<grid.count)
        let pooled = Matrix<Float>(rows: 103, columns: 3 * width + 1),
            direct = Matrix<Float>(rows: 103, columns: 3 * width)
        pooled.fill(7)
        try SeparablePooling(dictionary, of: weights).poolAll(x, into: pooled.columns(0..<3 * width))
        weights.poolAll(x, into: direct)
        #expect(pooled.arrays.allSatisfy { $0.last == 7 })

        let all = Array(0..<positions), kernel = dictionary.kernel(rows: all, columns: all).arrays
        for (j, column) in weights.columns.enumerated() {
            let atAlpha = kernel.map { row in column.alpha.map { row[$0] } }
            var inverse: Rows?
            if case .ridge(let ridge) = test.form {
                var gram = column.alpha.map { atAlpha[$0] }
                for a in 0..<n { gram[a][a] += ridge }
                inverse = naiveSolve(gram, (0..<n).map { r in (0..<n).map { $0 == r ? 1 : 0 } })
            }
            // The kernel is positive, so blurring along one axis after the other is a product with a K that is off by
            // no more than the roundings of both factors and of sums of height and width terms.
            let blurring = Bounded(atAlpha, relativeError: floatGamma(2 + grid.height + grid.width))
            for channel in 0..<grid.channels {
                let plane = x.columns(channel * positions..<(channel + 1) * positions).doubles
                var truth = Bounded(plane).times(blurring), u = Bounded(atAlpha, relativeError: floatUnit)
                if let inverse {
                    // Made in Double; rounded once to Float, as U is. K_α + λI of at most 4·1 + 0.1 over 0.1: ten
                    // digits are right.
                    truth = truth.times(Bounded(inverse, relativeError: 1.01 * floatUnit))
                    u = Bounded(naiveProduct(atAlpha, inverse), relativeError: 1.01 * floatUnit)
                }
                let place = j * width + channel * n..<j * width + (channel + 1) * n
                #expect(truth.excess(of: pooled.columns(place).arrays) <= 1)
                #expect(Bounded(plane).times(u).excess(of: direct.columns(place).arrays) <= 1)
                // The bound says something: pooled values are of size 1.
                #expect(largest(truth.error) < 1e-3)
            }
            #expect(pooled.arrays.allSatisfy { $0[(j + 1) * width - 1] == 1 })
        }
    }

    /// 60,000 images of MNIST's size: few α of one column are cheaper directly, and so is α that is everything.
    @Test func itIsChosenWhereItCostsLess() throws {
        func pays(
            _ n: Int, columns: Int, samples: Int = 60_000, sigma: Double = 1, form: KernelForm = .ridge(0.1)
        ) -> Bool {
            let dictionary = SquaredExponential(
                grid: TensorShape(channels: 1, height: 28, width: 28), sigma: sigma, form: form)
            let u = Matrix<Float>(rows: 784, columns: n)
            let weights = PredictedWeights(
                grid: dictionary.grid,
                columns: (0..<columns).map { Column(units: $0..<$0 + 1, alpha: Array(0..<n), dictionary: u) })
            return SeparablePooling.pays(dictionary, of: weights.shape, samples: samples)
        }
        #expect(!pays(20, columns: 1) && !pays(78, columns: 1) && pays(392, columns: 1))
        #expect(pays(20, columns: 10) && pays(78, columns: 10) && pays(392, columns: 10))
        #expect(!pays(784, columns: 1) && !pays(784, columns: 10) && pays(784, columns: 1, form: .raw))
        // 500 samples do not pay for inverses of 392×392.
        #expect(!pays(392, columns: 10, samples: 500) && pays(392, columns: 10, samples: 500, form: .raw))
        // K_α + λI of a condition up to 6·10⁵ would lose six digits.
        #expect(!pays(78, columns: 10, form: .ridge(1e-5)) && pays(78, columns: 10, sigma: 3))
    }
}
