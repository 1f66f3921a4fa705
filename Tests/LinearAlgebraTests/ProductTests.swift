import LinearAlgebra
import TestSupport
import Testing

@Suite struct ProductTests {
    @Test(arguments: [(1, 1, 1), (3, 5, 7), (17, 33, 65), (2, 40, 1)])
    func productsAgreeWithNaiveOnes(m: Int, k: Int, n: Int) {
        let a = normalMatrix(rows: m, columns: k, stream: 1), b = normalMatrix(rows: k, columns: n, stream: 2)
        let start = normalMatrix(rows: m, columns: n, stream: 3)
        let expected = Bounded(a.doubles).times(Bounded(b.doubles), factor: 2).plus(Bounded(start.doubles))
        func check(_ left: Matrix<Float>, _ right: Matrix<Float>, _ transposed: Transposed) {
            // Into a view with gaps, so that strides count.
            let wide = Matrix<Float>(rows: m, columns: n + 3)
            let c = wide.columns(1..<n + 1)
            c.copy(from: start)
            multiply(left, right, transposed: transposed, into: c, alpha: 2, beta: 1)
            #expect(expected.excess(of: c.arrays) <= 1)
            #expect((0..<m).allSatisfy { wide[$0, 0] == 0 && wide[$0, n + 1] == 0 })
        }
        check(a, b, .neither)
        check(Matrix(a.doubles.transposedFloats), b, .first)
        check(a, Matrix(b.doubles.transposedFloats), .second)
    }

    @Test func doubleProductsAgree() {
        let a = normalMatrix(rows: 9, columns: 11, stream: 4).widened,
            b = normalMatrix(rows: 11, columns: 6, stream: 5).widened
        let c = Matrix<Double>(rows: 9, columns: 6)
        multiply(a, b, into: c)
        // 11 roundings of 2⁻⁵³ of sums of at most 11·4·4
        #expect(largestDifference(c.arrays, naiveProduct(a.arrays, b.arrays)) < 11 * 0x1p-53 * 176)
    }

    @Test func gramFillsTheLowerTriangle() {
        let a = normalMatrix(rows: 20, columns: 6, stream: 6)
        let expected = Bounded(a.doubles).transposed.times(Bounded(a.doubles))
        let c = Matrix<Float>(rows: 6, columns: 6)
        lowerGram(of: a, into: c)
        #expect(c[0, 5] == 0)
        mirrorLowerTriangle(of: c)
        #expect(expected.excess(of: c.arrays) <= 1)
    }
}

extension Rows {
    fileprivate var transposedFloats: [[Float]] { naiveTransposed(self).map { $0.map { Float($0) } } }
}
