import LinearAlgebra
import TestSupport
import Testing

@Suite struct MomentumStepTests {
    /// One layer before a step: views with gaps, and biases that would break any norm.
    struct Layer {
        let units = 6, columns: Int, weights: Int
        let values: Matrix<Float>, velocity: Matrix<Float>, gradient: Matrix<Float>

        init(columns: Int, weights: Int) {
            self.columns = columns
            self.weights = weights
            values = normalMatrix(rows: 6, columns: columns + 3, stream: 50).columns(1..<columns + 1)
            velocity = normalMatrix(rows: 6, columns: columns + 2, stream: 51).columns(2..<columns + 2)
            gradient = normalMatrix(rows: 6, columns: columns, stream: 52)
            for r in 0..<6 { for c in weights..<columns { values[r, c] += 1000 } }
            // One unit far below the norm.
            for c in 0..<columns { for matrix in [values, velocity, gradient] { matrix[0, c] *= 0.01 } }
        }

        func step(units range: Range<Int>, maxNorm: Double?) {
            stepWithMomentum(
                values.rows(range), velocity: velocity.rows(range), gradient: gradient.rows(range), weights: weights,
                learningRate: 0.1, momentum: 0.9, decay: 0.02, maxNorm: maxNorm)
        }
    }

    private func norm(_ row: ArraySlice<Double>) -> Double { row.reduce(0) { $0 + $1 * $1 }.squareRoot() }

    @Test(arguments: [(1, 1), (1, 0), (16, 15), (17, 16), (33, 33), (80, 79), (301, 300)], [nil, 0.5])
    func aStepAgreesWithTheNaiveOne(shape: (columns: Int, weights: Int), maxNorm: Double?) {
        let layer = Layer(columns: shape.columns, weights: shape.weights)
        let w = layer.values.doubles, v = layer.velocity.doubles, g = layer.gradient.doubles
        let rate = Double(Float(0.1)), momentum = Double(Float(0.9))
        layer.step(units: 0..<6, maxNorm: maxNorm)
        for r in 0..<6 {
            var newV = v[r], newW = w[r], errorV = v[r], errorW = w[r]
            for c in 0..<shape.columns {
                let decay = c < shape.weights ? Double(Float(0.02)) : 0
                newV[c] = momentum * v[r][c] - rate * (g[r][c] + decay * w[r][c])
                newW[c] = w[r][c] + newV[c]
                // Each term of v goes through at most four roundings, w through one more.
                errorV[c] = floatGamma(4) * (momentum * abs(v[r][c]) + rate * (abs(g[r][c]) + decay * abs(w[r][c])))
                errorW[c] = errorV[c] + floatGamma(1) * (abs(newW[c]) + errorV[c])
            }
            let length = norm(newW[..<shape.weights]), limit = maxNorm ?? .infinity
            if length > limit {
                // The factor has the norm's error and a rounding of its own, the product another.
                let factor = limit / length
                let relative = norm(errorW[..<shape.weights]) / length + floatGamma(2)
                for c in 0..<shape.weights {
                    newW[c] *= factor
                    errorW[c] = 1.01 * (errorW[c] * factor + abs(newW[c]) * relative)
                }
            }
            #expect(Bounded(value: [newV], error: [errorV]).excess(of: [layer.velocity.arrays[r]]) <= 1)
            #expect(Bounded(value: [newW], error: [errorW]).excess(of: [layer.values.arrays[r]]) <= 1)
        }
    }

    @Test func onlyUnitsAboveTheNormAreScaled() {
        let free = Layer(columns: 41, weights: 40), bounded = Layer(columns: 41, weights: 40)
        free.step(units: 0..<6, maxNorm: nil)
        bounded.step(units: 0..<6, maxNorm: 2)
        #expect(free.velocity.arrays == bounded.velocity.arrays)
        for r in 0..<6 {
            let before = norm(free.values.doubles[r][..<40]), after = norm(bounded.values.doubles[r][..<40])
            // Two roundings, of the factor and the product.
            if before > 2 { #expect(abs(after - 2) <= 2 * floatGamma(2)) } else { #expect(after == before) }
            #expect((before > 2) == (r > 0))
            #expect(bounded.values[r, 40] == free.values[r, 40])
        }
    }

    /// So that owners and ranks that update everything get the same bits.
    @Test func someUnitsAreTheSameAsInTheWhole() {
        let whole = Layer(columns: 57, weights: 56), parts = Layer(columns: 57, weights: 56)
        whole.step(units: 0..<6, maxNorm: 1.5)
        for range in [0..<1, 1..<4, 4..<6] { parts.step(units: range, maxNorm: 1.5) }
        #expect(whole.values.arrays == parts.values.arrays && whole.velocity.arrays == parts.velocity.arrays)
    }

    @Test func whatLiesBetweenTheRowsStays() {
        let values = Matrix<Float>(rows: 3, columns: 20), velocity = Matrix<Float>(rows: 3, columns: 20)
        let gradient = Matrix<Float>(rows: 3, columns: 18)
        gradient.fill(1)
        stepWithMomentum(
            values.columns(1..<19), velocity: velocity.columns(1..<19), gradient: gradient, weights: 17,
            learningRate: 1, momentum: 0, decay: 0, maxNorm: 1)
        for r in 0..<3 {
            #expect(values[r, 0] == 0 && values[r, 19] == 0 && velocity[r, 0] == 0 && velocity[r, 19] == 0)
        }
        #expect(values[1, 18] == -1 && values[1, 17] > -1)
    }

    @Test func notANumberStays() {
        let layer = Layer(columns: 20, weights: 19)
        layer.gradient[2, 5] = .nan
        layer.step(units: 0..<6, maxNorm: 0.5)
        #expect(layer.values[2, 5].isNaN && layer.values[3, 5].isFinite)
    }
}
