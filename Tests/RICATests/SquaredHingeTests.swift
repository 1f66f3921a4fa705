import LinearAlgebra
import RICA
import TestSupport
import Testing

@Suite struct SquaredHingeTests {
    private let values = normalMatrix(rows: 4, columns: 31, stream: 50, factor: 0.3)
    private func labels(_ count: Int) -> [Int32] { (0..<count).map { Int32($0 % 4) } }

    private func naive(_ features: Matrix<Float>) -> (Rows) -> (value: Double, gradient: Rows) {
        let rows = features.doubles, labels = labels(features.rows).map(Int.init)
        return { naiveSquaredHinge($0, features: rows, labels: labels, cost: 10) }
    }

    @Test func theNaiveGradientIsTheSlope() {
        let f = naive(normalMatrix(rows: 25, columns: 30, stream: 51))
        let slope = finiteDifferences(at: values.doubles, step: 1e-6) { f($0).value }
        let gradient = f(values.doubles).gradient
        #expect(largestDifference(gradient, slope) < 1e-7 * largest(gradient))
    }

    /// A score is off by δ = γ_{n+4}(|x||w| + |b|), so is a margin, no more than a rounding on top; the loss by
    /// 2·margin·δ + δ², a gradient by 2C/m·Σ(δ + γ_{m+4}·margin)|x|. Blocks of 2,184 samples at 30 features:
    /// 5,000 are three.
    @Test(arguments: [1, 25, 5000]) func theFastObjectiveIsTheNaiveOne(count: Int) {
        let features = normalMatrix(rows: count, columns: 30, stream: 51)
        let objective = SquaredHingeObjective(
            features: features, labels: labels(count), totalSamples: count, classes: 4, cost: 10)
        let gradient = Matrix<Float>(rows: 4, columns: 31)
        gradient.fill(.nan)
        let value =
            objective.samplesPart(0, at: values, gradient: gradient)
            + objective.complete(at: values, owned: 0..<4, gradient: gradient)
        let expected = naive(features)(values.doubles)

        let x = features.doubles, w = values.doubles, scale = 10 / Double(count)
        var valueError = 0.0
        var error = w.map { $0.map { 4 * floatUnit * abs($0) } }
        for (r, sample) in x.enumerated() {
            for c in 0..<4 {
                let terms = zip(sample + [1], w[c]).map { $0 * $1 }
                let size = terms.reduce(0) { $0 + abs($1) } + 1, target = r % 4 == c ? 1.0 : -1.0
                let delta = floatGamma(30 + 4) * size
                let margin = max(0, 1 - target * terms.reduce(0, +))
                valueError += scale * (2 * margin * delta + delta * delta)
                for (i, v) in (sample + [1]).enumerated() {
                    error[c][i] += 2 * scale * (delta + floatGamma(count + 6) * (margin + delta)) * abs(v)
                }
            }
        }
        #expect(abs(value - expected.value) <= valueError + 1e-12 * expected.value)
        #expect(Bounded(value: expected.gradient, error: error).excess(of: gradient.arrays) <= 1)
        #expect(valueError < 1e-3 * expected.value && largest(error) < 0.01 * largest(expected.gradient))
    }

    @Test func partsAddUp() {
        let features = normalMatrix(rows: 40, columns: 30, stream: 52)
        let sum = Matrix<Float>(rows: 4, columns: 31)
        var value = 0.0, penalties: [Double] = []
        let objectives = [0..<13, 13..<40].map { part in
            SquaredHingeObjective(
                features: features.rows(part), labels: Array(labels(40)[part]), totalSamples: 40, classes: 4, cost: 10)
        }
        for objective in objectives {
            let gradient = Matrix<Float>(rows: 4, columns: 31)
            value += objective.samplesPart(0, at: values, gradient: gradient)
            for i in 0..<124 { sum.elements[i] += gradient.elements[i] }
        }
        for (objective, owned) in zip(objectives, [0..<1, 1..<4]) {
            penalties.append(objective.complete(at: values, owned: owned, gradient: sum.rows(owned)))
        }
        let expected = naive(features)(values.doubles)
        #expect(penalties[0] == penalties[1])
        // Sums of at most 40 + 30 terms, none much larger than the result.
        #expect(abs(value + penalties[0] - expected.value) < 1e-5 * expected.value)
        #expect(largestDifference(sum.doubles, expected.gradient) < 1e-5 * largest(expected.gradient))
    }
}
