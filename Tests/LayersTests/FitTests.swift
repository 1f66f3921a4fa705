import Layers
import LinearAlgebra
import TestSupport
import Testing

/// The learned values that predict given weights best.
@Suite struct FitTests {
    /// SE columns of some α each, two units a column.
    private func layer(_ grid: TensorShape, alphas: [[Int]]) throws -> PredictedWeights {
        let dictionary = SquaredExponential(grid: grid, sigma: 1, form: .ridge(0.1))
        return PredictedWeights(
            grid: grid,
            columns: try alphas.enumerated().map { j, alpha in
                Column(
                    units: 2 * j..<2 * j + 2, alpha: alpha,
                    dictionary: try dictionary.matrix(alpha: alpha, stream: anyStream))
            })
    }

    private func norm(_ rows: Rows) -> Double { rows.joined().reduce(0) { $0 + $1 * $1 }.squareRoot() }

    /// A unit's weights lie in the span of the kernel rows of its α, so they lie in that of more α: w* = (K' + λI)c,
    /// where c = (K + λI)⁻¹w at the old α and 0 at the new ones.
    @Test(arguments: [1, 3], [1, 2]) func moreAlphaKeepTheWeights(channels: Int, columns: Int) throws {
        let grid = TensorShape(channels: channels, height: 4, width: 5)
        let few = [[2, 7, 18], [0, 9, 11]], many = [[2, 4, 7, 12, 18, 19], [0, 3, 9, 10, 11, 16]]
        let small = try layer(grid, alphas: Array(few[..<columns])),
            large = try layer(grid, alphas: Array(many[..<columns]))
        let w = normalMatrix(rows: small.units, columns: small.valuesPerUnit, stream: 90)
        let full = Matrix<Float>(rows: small.units, columns: grid.count),
            again = Matrix<Float>(rows: small.units, columns: grid.count)
        small.expand(w, into: full)
        let found = Matrix<Float>(rows: large.units, columns: large.valuesPerUnit)
        try large.fit(full, into: found)
        large.expand(found, into: again)

        let kernel = SquaredExponential(grid: grid, sigma: 1, form: .raw)
        for (j, column) in large.columns.enumerated() {
            func gram(_ alpha: [Int]) -> Rows {
                kernel.kernel(rows: alpha, columns: alpha).arrays.enumerated().map { r, row in
                    row.enumerated().map { $0 == r ? $1 + 0.1 : $1 }
                }
            }
            var bound = 0.0
            for unit in column.units {
                for c in 0..<channels {
                    let old = (0..<3).map { [Double(w[unit, 3 * c + $0])] }
                    let coefficients = naiveSolve(gram(few[j]), old)
                    let spread = many[j].map { position in
                        few[j].firstIndex(of: position).map { coefficients[$0] } ?? [0]
                    }
                    let star = naiveProduct(gram(many[j]), spread)
                    // ½√ε‖w*‖ of the ridge; W and w are rounded, and U is a product of 6 terms each way.
                    let u = column.dictionary!.doubles
                    let epsilon = 1e-10 * naiveTransposed(u).map { $0.reduce(0) { $0 + $1 * $1 } }.max()!
                    bound += 0.5 * epsilon.squareRoot() * norm(star) + 16 * floatUnit * norm(u) * norm(star)
                }
            }
            let difference = norm(
                zip(again.rows(column.units).doubles, full.rows(column.units).doubles).map {
                    zip($0, $1).map { $0 - $1 }
                })
            #expect(
                difference <= bound && bound < 1e-3 * norm(full.doubles), "column \(j): \(difference), bound \(bound)")
        }
    }

    /// Weights that no w predicts: the normal equations, solved naively.
    @Test func isTheLeastSquaresSolution() throws {
        let grid = TensorShape(channels: 1, height: 4, width: 5)
        let layer = try layer(grid, alphas: [[1, 8, 13], [0, 6, 19]])
        let full = normalMatrix(rows: 4, columns: 20, stream: 91), found = Matrix<Float>(rows: 4, columns: 3)
        try layer.fit(full, into: found)
        for column in layer.columns {
            let u = column.dictionary!.doubles, transposed = naiveTransposed(u)
            let gram = naiveProduct(transposed, u)
            let truth = naiveSolve(gram, naiveProduct(transposed, naiveTransposed(full.rows(column.units).doubles)))
            let got = naiveTransposed(found.rows(column.units).doubles)
            // ε, 1e-10 of the largest ‖u‖², shifts w by at most ε‖(UᵀU)⁻¹‖ of its length; a norm is at
            // most that of all elements. Then w is rounded.
            let inverse = naiveSolve(gram, (0..<3).map { r in (0..<3).map { $0 == r ? 1 : 0 } })
            let epsilon = 1e-10 * (0..<3).map { gram[$0][$0] }.max()!
            #expect(largestDifference(got, truth) <= epsilon * norm(inverse) * norm(truth) + floatUnit * largest(truth))
        }
    }

    @Test func dependentAtomsAreNoObstacle() throws {
        let grid = TensorShape(channels: 1, height: 1, width: 4)
        let atoms = Matrix<Float>([[1, 1], [2, 2], [0, 0], [1, 1]])
        let layer = PredictedWeights(grid: grid, columns: [Column(units: 0..<1, alpha: [0, 1], dictionary: atoms)])
        let found = Matrix<Float>(rows: 1, columns: 2)
        try layer.fit(Matrix<Float>([[3, 6, 0, 3]]), into: found)
        // The shortest of all w with w₀ + w₁ = 3 is found. The Gram matrix of all sixes has the ridge ε = 6e-10
        // across, where it takes roundings of some 2⁻⁵³·12 for a part of w of 12·2⁻⁵³/ε = 2e-6; ε itself
        // takes 5e-11, and w is rounded.
        #expect(abs(found[0, 0] - 1.5) < 1e-5 && abs(found[0, 1] - 1.5) < 1e-5)
    }

    /// Covariances with inputs that never change are 0: such a column predicts 0, and the others are no worse for it.
    @Test func atomsOfZeroHaveValuesOfZero() throws {
        let grid = TensorShape(channels: 2, height: 1, width: 3)
        let layer = PredictedWeights(
            grid: grid,
            columns: [
                Column(units: 0..<1, alpha: [0, 2], dictionary: Matrix(rows: 3, columns: 2)),
                Column(units: 1..<2, alpha: [0, 1], dictionary: Matrix([[1, 0], [0, 2], [0, 0]])),
            ])
        let found = Matrix<Float>(rows: 2, columns: 4)
        found.fill(.nan)
        try layer.fit(Matrix<Float>([[1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6]]), into: found)
        #expect(found.arrays[0] == [0, 0, 0, 0])
        // ε, 1e-10 of 4, shifts w by 4e-10 of itself at most, then it is rounded.
        #expect(zip(found.arrays[1], [1, 1, 4, 2.5] as [Float]).allSatisfy { abs($0 - $1) <= 2 * 0x1p-24 * $1 })
    }

    @Test func sigmaFollowsTheDensity() {
        let plane = TensorShape(channels: 3, height: 28, width: 28),
            line = TensorShape(channels: 1, height: 1, width: 500)
        #expect(SquaredExponential.sigma(grid: plane, learned: 196) == 1)
        #expect(SquaredExponential.sigma(grid: plane, learned: 784) == 0.5)
        #expect(SquaredExponential.sigma(grid: line, learned: 50) == 5)
    }
}
