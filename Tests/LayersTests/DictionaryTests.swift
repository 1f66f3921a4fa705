import Foundation
import Layers
import LinearAlgebra
import TestSupport
import Testing

@Suite struct DictionaryTests {
    private let grid = TensorShape(channels: 1, height: 4, width: 5)

    @Test func kernelValues() {
        let k = SquaredExponential(grid: grid, sigma: 2, form: .raw).kernel(rows: [0, 7, 19], columns: [0, 11])
        // Position 7 is row 1, column 2; 11 is row 2, column 1; 19 is row 3, column 4.
        let squared = [[0, 5], [5, 2], [25, 10]]
        #expect(largestDifference(k.arrays, squared.map { $0.map { exp(-Double($0) / 8) } }) < 1e-15)
    }

    @Test func ridgeDictionaryAgreesWithTheNaiveOne() throws {
        let dictionary = SquaredExponential(grid: grid, sigma: 1, form: .ridge(0.1)),
            stream = ColumnStream(seed: 2, layer: 0, column: 0)
        let alpha = stream.sampleAtoms(7, of: dictionary.grid.positions)
        let u = try dictionary.matrix(alpha: alpha, stream: stream)
        #expect(u.rows == 20 && u.columns == 7)
        expectRidge(
            u, of: dictionary.kernel(rows: Array(0..<20), columns: Array(0..<20)).arrays, alpha: alpha, ridge: 0.1)
    }

    /// With next to no ridge, the prediction at α is the value at α.
    @Test func ridgeDictionaryInterpolates() throws {
        let alpha = [0, 9, 17]
        let u = try SquaredExponential(grid: grid, sigma: 1, form: .ridge(1e-12)).matrix(
            alpha: alpha, stream: anyStream)
        let identity = (0..<3).map { r in (0..<3).map { $0 == r ? 1.0 : 0 } }
        #expect(largestDifference(alpha.map { u.doubles[$0] }, identity) < 1e-7)
    }

    @Test func rawDictionaryIsTheKernel() throws {
        let dictionary = SquaredExponential(grid: grid, sigma: 1, form: .raw)
        let u = try dictionary.matrix(alpha: [3, 4], stream: anyStream)
        #expect(u.arrays == dictionary.kernel(rows: Array(0..<20), columns: [3, 4]).rounded.arrays)
    }

    @Test func aKernelThatIsNotPositiveDefiniteIsRefused() {
        #expect(throws: DictionaryError.self) {
            try kernelDictionary(kernel: Matrix([[1, 2], [2, 1]]), alpha: [0, 1], form: .ridge(0.1))
        }
    }
}

@Suite struct CovarianceTests {
    @Test func ridgeDictionaryAgreesWithTheNaiveOne() throws {
        let covariance = smallCovariance(12), alpha = [1, 4, 5, 11]
        let ridge = try Covariance(covariance), raw = try Covariance(covariance, form: .raw)
        expectRidge(
            try ridge.matrix(alpha: alpha, stream: anyStream), of: covariance.arrays, alpha: alpha, ridge: 0.001)
        #expect(
            try raw.matrix(alpha: alpha, stream: anyStream).arrays
                == covariance.rounded.arrays.map { row in alpha.map { row[$0] } })
        #expect(ridge.jitter == 0 && raw.jitter == 0)
    }

    /// Eigenvalues 2 + δ and −δ: with λ = 1e-6 a jitter above δ − λ is needed, and the mean of the diagonal is
    /// 1.
    @Test(arguments: [(3e-8, 0), (3e-6, 1e-5), (0.02, 0.1), (0.5, 1)])
    func theSmallestJitterIsTakenAndTold(delta: Double, jitter: Double) throws {
        let matrix = Matrix([[1, 1 + delta], [1 + delta, 1]])
        let dictionary = try Covariance(matrix, form: .ridge(1e-6))
        #expect(abs(dictionary.jitter - jitter) <= 1e-12 * jitter)
        // U = K(K + rI)⁻¹ has the eigenvalues e/(e + r).
        let u = try dictionary.matrix(alpha: [0, 1], stream: anyStream), r = 1e-6 + jitter
        let sum = (2 + delta) / (2 + delta + r), difference = -delta / (r - delta)
        let (same, other) = ((sum + difference) / 2, (sum - difference) / 2)
        // Rounded to Float; the small divisor r − δ holds the rounding of numbers of size 1.
        #expect(largestDifference(u.doubles, [[same, other], [other, same]]) <= 2 * floatUnit + 1e-14 / (r - delta))
        #expect(try Covariance(matrix, form: .raw).jitter == 0)
    }

    @Test func whatNoJitterMendsIsRefused() throws {
        let indefinite = try #require(throws: DictionaryError.self) { try Covariance(Matrix([[1, 5], [5, 1]])) }
        #expect(indefinite.description.contains("2×2 covariance with ridge 0.001"))
        for form in [KernelForm.ridge(0.1), .raw] {
            #expect(throws: DictionaryError.self) { try Covariance(Matrix([[1, .nan], [.nan, 1]]), form: form) }
        }
    }

    /// Inputs that never move: λ alone makes the matrix positive definite, and nothing is predicted.
    @Test func inputsWithoutVariancePredictNothing() throws {
        let dictionary = try Covariance(Matrix(rows: 3, columns: 3))
        #expect(dictionary.jitter == 0)
        #expect(try dictionary.matrix(alpha: [0, 2], stream: anyStream).arrays.joined().allSatisfy { $0 == 0 })
    }
}

/// U is kᵀ(K + λI)⁻¹ as plain loops make it.
private func expectRidge(_ u: Matrix<Float>, of kernel: Rows, alpha: [Int], ridge: Double) {
    let k = kernel.map { row in alpha.map { row[$0] } }
    var gram = alpha.map { k[$0] }
    for a in gram.indices { gram[a][a] += ridge }
    let expected = naiveTransposed(naiveSolve(gram, naiveTransposed(k)))
    for i in k.indices {
        for a in alpha.indices {
            // One rounding to Float; the solves are far more exact.
            #expect(abs(Double(u[i, a]) - expected[i][a]) <= 1.01 * floatUnit * abs(expected[i][a]) + 1e-11)
        }
    }
}
