import Datasets
import LinearAlgebra
import TestFiles
import Testing

@Suite struct PreprocessingTests {
    /// Rows of correlated values with a mean that is not zero: each value keeps part of the one before it.
    static func correlatedRows(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix<Float> {
        let matrix = Matrix<Float>(rows: rows, columns: columns)
        RandomStream(seed: seed, purpose: .initialValues).fillNormal(matrix.elements)
        for r in 0..<rows { for c in 1..<columns { matrix[r, c] += 0.8 * matrix[r, c - 1] + 0.1 * Float(c) } }
        return matrix
    }

    static func naiveCovariance(_ x: Matrix<Float>) -> (mean: [Double], covariance: [[Double]]) {
        let n = x.columns
        let mean = (0..<n).map { c in (0..<x.rows).reduce(0.0) { $0 + Double(x[$1, c]) } / Double(x.rows) }
        let covariance = (0..<n).map { i in
            (0..<n).map { j in
                (0..<x.rows).reduce(0.0) { $0 + (Double(x[$1, i]) - mean[i]) * (Double(x[$1, j]) - mean[j]) }
                    / Double(x.rows - 1)
            }
        }
        return (mean, covariance)
    }

    @Test(arguments: [3, 8, 36, 108, 300])
    func contrast(columns: Int) {
        let patches = Matrix<Float>(rows: 50, columns: columns)
        for (i, byte) in randomBytes(50 * columns, seed: 5).enumerated() { patches.elements[i] = Float(byte) }
        patches.row(3).update(repeating: 200)  // flat
        for c in 0..<columns { patches[4, c] = c == 0 ? 255 : 254 }
        let before = patches.clone()
        contrastNormalise(patches)
        var wrong = 0
        for r in 0..<50 {
            let x = before.row(r).map { Double($0) }
            let mean = x.reduce(0, +) / Double(columns)
            let variance = x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(columns - 1)
            let scale = 1 / (variance + 10).squareRoot()
            for c in 0..<columns {
                let exact = (x[c] - mean) * scale
                // The mean and the difference are rounded at 255; the sum of squares in n/8 + 8 additions.
                let bound = 0x1p-23 * (255 * scale + abs(exact) * (Double(columns) / 8 + 12))
                if !(abs(Double(patches[r, c]) - exact) <= bound) { wrong += 1 }
            }
        }
        #expect(wrong == 0)
    }

    @Test func contrastOfAView() {
        let matrix = Matrix<Float>(rows: 4, columns: 20)
        for i in 0..<80 { matrix.elements[i] = Float(i * i % 97) }
        let copy = matrix.columns(5..<16).clone()
        let untouched = matrix.columns(16..<20).clone()
        contrastNormalise(matrix.columns(5..<16))
        contrastNormalise(copy)
        #expect(matrix.columns(5..<16).arrays == copy.arrays)
        #expect(matrix.columns(16..<20).arrays == untouched.arrays)
    }

    /// Images of a set, one of them of a single value, and one of two that are as near as bytes can be.
    @Test func globalContrast() throws {
        let folder = try TemporaryFolder(), size = 35
        var bytes = randomBytes(6 * size, seed: 8)
        for i in 0..<size { (bytes[2 * size + i], bytes[3 * size + i]) = (201, i == 9 ? 200 : 201) }
        for part in ["train", "t10k"] {
            try folder.write("\(part)-images-idx3-ubyte", [0, 0, 8, 3, 0, 0, 0, 6, 0, 0, 0, 5, 0, 0, 0, 7] + bytes)
            try folder.write("\(part)-labels-idx1-ubyte", [0, 0, 8, 1, 0, 0, 0, 6, 0, 1, 2, 3, 4, 5])
        }
        let set = try Dataset.open("mnist", data: folder.path)
        let samples = try ImageSamples(set.train.images, set.train.labels, range: 1..<6, isNormalised: true)
        let rows = Matrix<Float>(rows: 5, columns: size + 1)
        samples.load([0, 1, 2, 3, 4], into: rows)
        for (row, image) in zip(0..<5, 1..<6) {
            let x = bytes[image * size..<(image + 1) * size].map { Double($0) }
            let mean = x.reduce(0, +) / Double(size), squares = x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
            let scale = image == 2 ? 0 : 55 * (Double(size) / 3072 / squares).squareRoot()
            for i in 0..<size {
                // Sum, mean, difference and the sum of squares are rounded: the first at 255.
                let exact = (x[i] - mean) * scale, bound = 0x1p-23 * (255 * scale + abs(exact) * Double(size))
                #expect(abs(Double(rows[row, i]) - exact) <= bound)
            }
            #expect(rows[row, size] == 1)
        }
    }

    @Test func moments() {
        let x = Self.correlatedRows(2_345, 13, seed: 2)
        var whole = Moments(size: 13)
        whole.add(x)
        #expect(whole.count == 2_345)
        let truth = Self.naiveCovariance(x)
        let (outerProducts, covariance) = (whole.outerProducts, whole.covariance)
        var wrong = 0
        for i in 0..<13 {
            #expect(abs(whole.mean[i] - truth.mean[i]) < 1e-12)
            for j in 0..<13 {
                // Float sums of at most 1,000 products, each rounding at most 2⁻²⁴ of the sum of magnitudes.
                let magnitude = (0..<2_345).reduce(0.0) { $0 + abs(Double(x[$1, i]) * Double(x[$1, j])) }
                let exact = (0..<2_345).reduce(0.0) { $0 + Double(x[$1, i]) * Double(x[$1, j]) }
                let bound = 1000 * 0x1p-24 * magnitude
                if !(abs(outerProducts[i, j] - exact) <= bound) { wrong += 1 }
                // Moments sum columns in Double; cancellation of sums near 1e5 leaves 1e-9 at most.
                if !(abs(covariance[i, j] - truth.covariance[i][j]) <= bound / 2_344 + 1e-9) { wrong += 1 }
            }
        }
        #expect(wrong == 0)

        // Two ranks: their sums added are the moments of all rows.
        var parts = [Moments(size: 13), Moments(size: 13)]
        parts[0].add(x.rows(0..<1000))
        parts[1].add(x.rows(1000..<2_000))
        parts[1].add(x.rows(2_000..<2_345))
        var sum = parts[0]
        for i in sum.sums.indices { sum.sums[i] += parts[1].sums[i] }
        #expect(sum.sums.count == 1 + 13 + 13 * 14 / 2)
        #expect(zip(sum.sums, whole.sums).allSatisfy { abs($0 - $1) <= 1e-12 * abs($1) + 1e-9 })
    }

    @Test func whitening() throws {
        let n = 12
        let x = Self.correlatedRows(1_500, n, seed: 9)
        for r in 0..<1_500 { x[r, n - 1] = x[r, 0] - x[r, 1] }  // a null direction
        let (mean, covariance) = Self.naiveCovariance(x)
        let whitening = try Whitening(mean: mean, covariance: Matrix(covariance))
        let z = whitening.matrix.widened

        // Z is the symmetric positive definite matrix with Z (C + 0.1) Z = 1. Z's values are below 1/√0.1 = 3.2 and
        // rounded to Float, so each of the 2n products that meet is off by 2⁻²⁴ of at most |Z|·|C|·|Z|.
        let tolerance = 1e-4
        for i in 0..<n {
            for j in 0..<n {
                #expect(z[i, j] == z[j, i])
                var product = 0.0
                for a in 0..<n {
                    for b in 0..<n { product += z[i, a] * (covariance[a][b] + (a == b ? 0.1 : 0)) * z[b, j] }
                }
                #expect(abs(product - (i == j ? 1 : 0)) < tolerance)
            }
        }
        let directions = Matrix<Float>(rows: 200, columns: n)
        RandomStream(seed: 1, purpose: .initialValues).fillNormal(directions.elements)
        for d in directions.arrays {
            var form = 0.0
            for i in 0..<n { for j in 0..<n { form += Double(d[i]) * z[i, j] * Double(d[j]) } }
            #expect(form > 0)
        }

        // The covariance of whitened rows is V D/(D + 0.1) Vᵀ = 1 − 0.1·Z².
        let y = Matrix<Float>(rows: 1_500, columns: n)
        whitening.apply(to: x, into: y)
        let after = Self.naiveCovariance(y)
        for i in 0..<n {
            #expect(abs(after.mean[i]) < tolerance)
            for j in 0..<n {
                let square = (0..<n).reduce(0.0) { $0 + z[i, $1] * z[$1, j] }
                #expect(abs(after.covariance[i][j] - ((i == j ? 1 : 0) - 0.1 * square)) < tolerance)
            }
        }
        for r in [0, 999, 1_000, 1_499] {
            for i in 0..<n {
                let exact = (0..<n).reduce(0.0) { $0 + z[i, $1] * (Double(x[r, $1]) - mean[$1]) }
                #expect(abs(Double(y[r, i]) - exact) < tolerance)
            }
        }

        // From a model file.
        let again = Matrix<Float>(rows: 1_500, columns: n)
        Whitening(mean: whitening.mean, matrix: whitening.matrix).apply(to: x, into: again)
        #expect(again.arrays == y.arrays)
    }
}
