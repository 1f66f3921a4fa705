import Foundation
import LinearAlgebra
import TestSupport
import Testing

@Suite struct ActivationTests {
    /// Every 4093rd Float, whatever it is, a fine grid where the functions bend, and what is special.
    private let sweep: [Float] =
        stride(from: 0, through: UInt64(UInt32.max), by: 4093).map { Float(bitPattern: UInt32($0)) }
        + stride(from: -20, through: 20, by: 1e-4)
        + [0, -0.0, .infinity, -.infinity, .greatestFiniteMagnitude, -.greatestFiniteMagnitude]
        + [.leastNonzeroMagnitude, -.leastNonzeroMagnitude, .leastNormalMagnitude, -.leastNormalMagnitude, .nan]
        + [-86, -87, -87.5, -88, -88.8, -103, -104, 87, 88, 88.8, 89, 104]

    /// The Floats of the sweep whose results do not pass.
    private func failures(
        of function: (Matrix<Float>) -> Void, where passes: (_ x: Float, _ y: Float) -> Bool
    ) -> [Float] {
        let y = Matrix([sweep])
        function(y)
        return sweep.indices.filter { !passes(sweep[$0], y[0, $0]) }.map { sweep[$0] }
    }

    @Test func sigmoidIsAccurate() {
        let off = failures(of: sigmoid(inPlace:)) { x, y in
            let truth = 1 / (1 + exp(-Double(x))), error = abs(Double(y) - truth)
            return x.isNaN ? y.isNaN : error <= 1e-7 && (truth < 1.2e-38 || error <= 2e-7 * truth)
        }
        #expect(off.isEmpty)
    }

    @Test func hyperbolicTangentIsAccurate() {
        let off = failures(of: hyperbolicTangent(inPlace:)) { x, y in
            let truth = tanh(Double(x)), error = abs(Double(y) - truth)
            if x.isNaN { return y.isNaN }
            // A rounding among denormals is absolute.
            return error <= max(2e-7, 4 * Double(Float(abs(truth)).ulp)) && error <= max(3.7e-7 * abs(truth), 0x1p-149)
                && abs(y) <= 1
        }
        #expect(off.isEmpty)
    }

    @Test func rectifierIsExact() {
        #expect(failures(of: rectify(inPlace:)) { x, y in x.isNaN ? y.isNaN : y == (x > 0 ? x : 0) }.isEmpty)
    }

    @Test func limitsAreExact() {
        let y = Matrix<Float>([[.infinity, -.infinity, 0, -0.0]])
        let x = y.clone()
        sigmoid(inPlace: y)
        #expect(y.arrays == [[1, 0, 0.5, 0.5]])
        hyperbolicTangent(inPlace: x)
        #expect(x.arrays == [[1, -1, 0, 0]] && x[0, 3].sign == .minus)
    }

    /// A row of any length gives what single elements give, and the column of ones is not touched.
    @Test(arguments: [1, 15, 16, 17, 31, 32, 33, 100])
    func aViewIsAllThatChanges(columns: Int) {
        let functions: [(Matrix<Float>) -> Void] = [
            sigmoid(inPlace:), rectify(inPlace:), hyperbolicTangent(inPlace:),
            { multiply($0, bySigmoidSlopeAt: $0, keep: 0.75) }, { multiply($0, byRectifierSlopeAt: $0) },
            { multiply($0, byTangentSlopeAt: $0, keep: 0.75) },
        ]
        for function in functions {
            let x = normalMatrix(rows: 3, columns: columns + 1, stream: 40)
            let single = x.clone()
            for r in 0..<3 { for c in 0..<columns { function(single.rows(r..<r + 1).columns(c..<c + 1)) } }
            function(x.columns(0..<columns))
            #expect(x.arrays == single.arrays)
        }
    }

    @Test func slopesComeFromTheOutput() {
        let gradient = normalMatrix(rows: 5, columns: 37, stream: 41)
        let output = normalMatrix(rows: 5, columns: 38, stream: 42).columns(0..<37)
        sigmoid(inPlace: output)
        let g = gradient.doubles, y = output.doubles
        func result(_ multiply: (Matrix<Float>) -> Void) -> Matrix<Float> {
            let copy = gradient.clone()
            multiply(copy)
            return copy
        }
        let keep: Float = 0.5  // exact
        let sigmoidal = result { multiply($0, bySigmoidSlopeAt: output, keep: keep) }
        let tangential = result { multiply($0, byTangentSlopeAt: output, keep: keep) }
        for r in 0..<5 {
            for c in 0..<37 {
                let kept = y[r][c] / 2, truth = g[r][c] * kept * (1 - kept)
                // A difference and two products.
                #expect(abs(Double(sigmoidal[r, c]) - truth) <= floatGamma(3) * abs(truth))
                // A square and a difference of numbers up to 1, and a product.
                #expect(abs(Double(tangential[r, c]) - g[r][c] * (1 - kept * kept)) <= floatGamma(3) * abs(g[r][c]))
            }
        }
        let signs = Matrix<Float>([[-1, 0, -0.0, 2, .leastNonzeroMagnitude]])
        let rectified = Matrix<Float>([[3, 4, 5, 6, 7]])
        multiply(rectified, byRectifierSlopeAt: signs)
        #expect(rectified.arrays == [[0, 0, 0, 6, 7]])
    }
}
