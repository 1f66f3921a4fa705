import LinearAlgebra
import TestSupport
import Testing

@Suite struct FactorisationTests {
    private var positive: Matrix<Double> {
        let a = normalMatrix(rows: 12, columns: 8, stream: 7).widened
        let gram = Matrix<Double>(rows: 8, columns: 8)
        lowerGram(of: a, into: gram)
        mirrorLowerTriangle(of: gram)
        return gram
    }

    @Test func eigenvectorsAreRowsInAscendingOrder() throws {
        let a = positive.arrays
        let (values, vectors) = try symmetricEigen(positive)
        #expect(values == values.sorted() && values[0] > 0)
        let v = vectors.arrays
        let identity = (0..<8).map { r in (0..<8).map { $0 == r ? 1.0 : 0 } }
        #expect(largestDifference(naiveProduct(v, naiveTransposed(v)), identity) < 1e-13)
        let scaled = zip(v, values).map { row, value in row.map { $0 * value } }
        // Backward stable: off by a small multiple of 2⁻⁵³ of the largest eigenvalue.
        #expect(largestDifference(naiveProduct(v, a), scaled) < 100 * 0x1p-53 * values[7])
    }

    @Test func solvingAgreesWithElimination() throws {
        let b = normalMatrix(rows: 3, columns: 8, stream: 8).widened
        let a = positive
        let x = try solvePositiveDefinite(a, rows: b)
        let values = try symmetricEigen(a).values
        let expected = naiveTransposed(naiveSolve(a.arrays, naiveTransposed(b.arrays)))
        #expect(largestDifference(x.arrays, expected) < 1000 * 0x1p-53 * values[7] / values[0] * largest(expected))
        #expect(a.arrays == positive.arrays, "the matrix is left as it was")
    }

    @Test func anIndefiniteMatrixIsRefused() {
        let error = #expect(throws: FactorisationError.self) {
            _ = try solvePositiveDefinite(Matrix([[1, 2], [2, 1]]), rows: Matrix([[1, 1]]))
        }
        #expect(error?.description.contains("2×2") == true && error?.description.contains("ridge") == true)
    }
}
