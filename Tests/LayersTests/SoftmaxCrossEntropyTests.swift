import Foundation
import Layers
import LinearAlgebra
import TestSupport
import Testing

@Suite struct SoftmaxCrossEntropyTests {
    private let labels: [Int32] = [3, 0, 9, 5, 5, 1, 2]

    private func logits(factor: Float = 2) -> Matrix<Float> {
        normalMatrix(rows: 7, columns: 12, stream: 80, factor: factor).columns(1..<11)
    }

    private func naiveLoss(_ x: Rows) -> Double {
        zip(x, labels).reduce(0) { sum, sample in
            sum + log(sample.0.reduce(0) { $0 + exp($1) }) - sample.0[Int(sample.1)]
        }
    }

    @Test func lossAndGradientAgreeWithTheNaiveOnes() {
        let x = logits()
        let before = x.doubles
        let scale = 1 / 7.0
        let (loss, errors) = SoftmaxCrossEntropy.gradient(inPlace: x, labels: labels, scale: scale)
        #expect(abs(loss - naiveLoss(before)) <= 1e-13 * loss)
        #expect(errors == zip(before, labels).count { row, label in row.max()! > row[Int(label)] })
        let slope = finiteDifferences(at: before, step: 1e-5) { self.naiveLoss($0) * scale }
        for (s, row) in before.enumerated() {
            let sum = row.reduce(0) { $0 + exp($1) }
            for k in row.indices {
                let truth = (exp(row[k]) / sum - (k == Int(labels[s]) ? 1 : 0)) * scale
                // The exponential is rounded to Float, and the result.
                #expect(abs(Double(x[s, k]) - truth) <= floatGamma(2) * abs(truth))
                // h²/6 times a third derivative below 1, and the rounding of a loss below 100 by 2h.
                #expect(abs(truth - slope[s][k]) <= 1e-10 + 100 * 0x1p-52 / 1e-5)
            }
        }
    }

    @Test func evaluationGivesTheSameAndLeavesTheLogits() {
        let x = logits()
        let before = x.arrays
        var predicted = [Int32](repeating: -1, count: 7)
        let evaluated = SoftmaxCrossEntropy.evaluate(x, labels: labels, predicted: &predicted)
        #expect(x.arrays == before)
        #expect(predicted == before.map { row in Int32(row.firstIndex(of: row.max()!)!) })
        #expect(evaluated == SoftmaxCrossEntropy.gradient(inPlace: x, labels: labels, scale: 1))
    }

    @Test func onlyTheLogitsChange() {
        let wide = normalMatrix(rows: 7, columns: 12, stream: 81)
        let before = wide.arrays
        _ = SoftmaxCrossEntropy.gradient(inPlace: wide.columns(1..<11), labels: labels, scale: 1)
        for s in 0..<7 { #expect(wide[s, 0] == before[s][0] && wide[s, 11] == before[s][11]) }
    }

    /// Where exponentials of the logits would overflow or vanish.
    @Test func largeLogitsAreNoTrouble() {
        let x = Matrix<Float>([[1e4, 0, -1e4], [1e4, 0, -1e4], [-3e38, -3e38, -3e38], [20, 0, 0]])
        let (loss, errors) = SoftmaxCrossEntropy.gradient(inPlace: x, labels: [0, 2, 1, 0], scale: 1)
        #expect(abs(loss - (2e4 + log(3.0) + log(1 + 2 * exp(-20)))) <= 1e-11)
        #expect(errors == 2)
        #expect(x.arrays[0] == [0, 0, 0] && x.arrays[1] == [1, 0, -1])
        #expect(abs(x[2, 0] - 1 / 3) <= 1e-7 && abs(x[2, 1] + 2 / 3) <= 1e-7)
        // p − 1 cancels in Double only, by 2⁻⁵³.
        #expect(abs(Double(x[3, 0]) + 2 * exp(-20) / (1 + 2 * exp(-20))) <= 2 * floatUnit * 2 * exp(-20) + 0x1p-52)
    }

    @Test func theFirstOfEqualLogitsIsPredicted() {
        var predicted: [Int32] = [-1, -1]
        let errors = SoftmaxCrossEntropy.evaluate(
            Matrix([[1, 2, 2], [0, 0, 0]]), labels: [2, 0], predicted: &predicted
        ).errors
        #expect(predicted == [1, 0] && errors == 1)
    }

    @Test(arguments: [Float.nan, .infinity])
    func aLogitThatIsNoNumberShows(value: Float) {
        for column in 0..<10 {
            let x = logits()
            x[4, column] = value
            var predicted = labels
            #expect(SoftmaxCrossEntropy.evaluate(x, labels: labels, predicted: &predicted).loss.isNaN)
            #expect(SoftmaxCrossEntropy.gradient(inPlace: x, labels: labels, scale: 1).loss.isNaN)
        }
    }
}
