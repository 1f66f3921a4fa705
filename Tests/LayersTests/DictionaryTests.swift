import Foundation
import Layers
import LinearAlgebra
import TestSupport
import Testing

@Suite struct DictionaryTests {
    private let grid = PixelGrid(channels: 1, height: 4, width: 5)

    @Test func kernelValues() {
        let k = SquaredExponentialKernel(grid: grid, sigma: 2).matrix(rows: [0, 7, 19], columns: [0, 11])
        // Position 7 is row 1, column 2; 11 is row 2, column 1; 19 is row 3, column 4.
        let squared = [[0, 5], [5, 2], [25, 10]]
        #expect(largestDifference(k.arrays, squared.map { $0.map { exp(-Double($0) / 8) } }) < 1e-15)
    }

    @Test func ridgeDictionaryAgreesWithTheNaiveOne() throws {
        let alpha = sampleAlpha(seed: 2, layer: 0, column: 0, count: 7, positions: 20)
        let k = SquaredExponentialKernel(grid: grid, sigma: 1).matrix(rows: Array(0..<20), columns: alpha)
        let u = try kernelDictionary(kernel: k, alpha: alpha, form: .ridge(0.1))
        var gram = alpha.map { k.arrays[$0] }
        for a in gram.indices { gram[a][a] += 0.1 }
        let expected = naiveTransposed(naiveSolve(gram, naiveTransposed(k.arrays)))
        #expect(u.rows == 20 && u.columns == 7)
        // One rounding to Float; the solves are far more exact.
        for i in 0..<20 { for a in 0..<7 { #expect(abs(Double(u[i, a]) - expected[i][a]) <= 1.01 * floatUnit * abs(expected[i][a]) + 1e-13) } }
    }

    /// With next to no ridge, the prediction at α is the value at α.
    @Test func ridgeDictionaryInterpolates() throws {
        let alpha = [0, 9, 17]
        let k = SquaredExponentialKernel(grid: grid, sigma: 1).matrix(rows: Array(0..<20), columns: alpha)
        let u = try kernelDictionary(kernel: k, alpha: alpha, form: .ridge(1e-12))
        let identity = (0..<3).map { r in (0..<3).map { $0 == r ? 1.0 : 0 } }
        #expect(largestDifference(alpha.map { u.doubles[$0] }, identity) < 1e-7)
    }

    @Test func rawDictionaryIsTheKernel() throws {
        let k = SquaredExponentialKernel(grid: grid, sigma: 1).matrix(rows: Array(0..<20), columns: [3, 4])
        #expect(try kernelDictionary(kernel: k, alpha: [3, 4], form: .raw).arrays == k.rounded.arrays)
    }

    @Test func aKernelThatIsNotPositiveDefiniteIsRefused() {
        #expect(throws: FactorisationError.self) {
            try kernelDictionary(kernel: Matrix([[1, 2], [2, 1]]), alpha: [0, 1], form: .ridge(0.1))
        }
    }
}

@Suite struct AlphaTests {
    @Test func everyColumnHasAStreamOfItsOwn() {
        let drawn = (0..<20).map { sampleAlpha(seed: 1, layer: 0, column: $0, count: 20, positions: 100) }
        #expect(Set(drawn).count == 20)
        #expect(drawn.allSatisfy { $0 == $0.sorted() && Set($0).count == 20 && $0.allSatisfy((0..<100).contains) })
        #expect(drawn[3] != sampleAlpha(seed: 2, layer: 0, column: 3, count: 20, positions: 100))
        #expect(drawn[3] != sampleAlpha(seed: 1, layer: 1, column: 3, count: 20, positions: 100))
        // 20 columns of a fifth each leave a position out with probability .8²⁰ = .012.
        #expect(Set(drawn.joined()).count > 90)
    }

    @Test func aColumnIsTheSameWhateverWasDrawnBefore() {
        let alone = sampleAlpha(seed: 7, layer: 2, column: 5, count: 10, positions: 50)
        for column in 0..<5 { _ = sampleAlpha(seed: 7, layer: 2, column: column, count: 10, positions: 50) }
        #expect(sampleAlpha(seed: 7, layer: 2, column: 5, count: 10, positions: 50) == alone)
        #expect(alone == RandomStream(seed: 7, purpose: .alpha, stream: 2 << 16 | 5).sample(10, below: 50))
    }
}
