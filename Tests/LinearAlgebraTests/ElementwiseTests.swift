import LinearAlgebra
import TestSupport
import Testing

@Suite struct ElementwiseTests {
    @Test(arguments: [0, 1, 15, 16, 17, 1000])
    func dotSumsInDouble(count: Int) {
        let a = normalMatrix(rows: 1, columns: count, stream: 10), b = normalMatrix(rows: 1, columns: count, stream: 11)
        let terms = (0..<count).map { Double(a[0, $0]) * Double(b[0, $0]) }
        let bound = Double(count) * 0x1p-52 * terms.reduce(0) { $0 + abs($1) }
        #expect(abs(dot(a.pointer, b.pointer, count: count) - terms.reduce(0, +)) <= bound)
    }

    @Test(arguments: [1, 15, 16, 511, 512, 1043])
    func smoothAbsoluteSlopes(count: Int) {
        let epsilon: Float = 1e-3
        let y = normalMatrix(rows: 1, columns: count, stream: 12, factor: 0.1)
        let before = y.doubles[0]
        let sum = smoothAbsoluteSlope(inPlace: y, epsilon: epsilon)
        let roots = before.map { ($0 * $0 + Double(epsilon)).squareRoot() }
        // A root: two roundings under it count half, and its own; 31 additions in a run of 32. A slope: one more, its
        // division.
        let expected = roots.reduce(0, +)
        #expect(abs(sum - expected) <= floatGamma(33) * expected)
        for i in 0..<count {
            #expect(abs(Double(y[0, i]) - before[i] / roots[i]) <= floatGamma(3) * abs(before[i] / roots[i]))
        }
    }

    @Test func rowsAreCombined() {
        let matrix = normalMatrix(rows: 5, columns: 700, stream: 13)
        let view = matrix.columns(50..<650)
        let weights = [0.5, 0, -2, 1e3, 1]
        let out = Matrix<Float>(rows: 1, columns: 600)
        combineRows(of: view, weights: weights, into: out.pointer)
        let expected = naiveProduct([weights], view.doubles)[0]
        for i in 0..<600 {
            let size = (0..<5).reduce(0.0) { $0 + abs(weights[$1] * Double(view[$1, i])) }
            #expect(abs(Double(out[0, i]) - expected[i]) <= floatUnit * abs(expected[i]) + 8 * 0x1p-53 * size)
        }
    }

    @Test func stepsAlongADirection() {
        let x: [Float] = [1, 2, 3], direction: [Float] = [10, 0, -4]
        var out: [Float] = [0, 0, 0]
        step(from: x, along: direction, by: 0.25, into: &out, count: 3)
        #expect(out == [3.5, 2, 2])
    }

    /// Exact in Float: halves and small whole numbers.
    @Test func responsesArePooled() {
        let y = Matrix<Float>([[1, -2], [3, 4], [-5, 0]])
        let scales: [Float] = [1, 0.5, 2], offset: [Float] = [0.5, -1]  // v: 0.5 -1 | 1 3 | -10.5 1
        var sums: [Float] = [1, 0, 0, 0]
        addAbsolute(y, scales: scales, offset: offset, to: &sums)
        #expect(sums == [13, 5, 0, 0])
        sums = [0, 0, 0, 0]
        addRectified(y, scales: scales, offset: offset, threshold: 0.5, to: &sums)
        #expect(sums == [0.5, 3, 10, 0.5])
        sums = [0, 0, 0, 0]
        addSmoothAbsolute(y.rows(2..<3), scales: [2], offset: offset, epsilon: 8, to: &sums)
        #expect(sums[1] == 3 && abs(sums[0] - 10.874282) < 1e-5)
    }
}
