import Foundation
import LinearAlgebra

/// The last layer's softmax, p_k = e^{x_k}/Σe^{x_i}, with its loss −log p[label].
///
/// The largest logit is taken off first, so no exponential overflows. Exponentials and sums are Double, about 0.1 µs a
/// sample of ten classes. A NaN among the logits makes the loss NaN. Nothing is allocated.
public enum SoftmaxCrossEntropy {
    /// Turns logits into the gradient of scale·Σ −log p[label] with respect to them, (p − onehot)·scale.
    ///
    /// - Parameters:
    ///   - logits: samples × classes.
    ///   - labels: a class for each sample.
    ///   - scale: 1 / samples of the global batch, for the gradient of the mean.
    /// - Returns: Σ −log p[label], and how many samples have their largest logit (the first of equal ones) at
    ///   another class.
    public static func gradient(
        inPlace logits: Matrix<Float>, labels: UnsafePointer<Int32>, scale: Double
    ) -> (loss: Double, errors: Int) {
        var loss = 0.0, errors = 0
        for s in 0..<logits.rows {
            let row = logits.row(s), label = Int(labels[s]), best = largest(row)
            precondition(row.indices.contains(label))
            let peak = Double(row[best]), distance = Double(row[label]) - peak
            var sum = 0.0
            for k in row.indices {
                let power = exp(Double(row[k]) - peak)
                sum += power
                row[k] = Float(power)
            }
            let factor = scale / sum
            for k in row.indices { row[k] = Float(Double(row[k]) * factor) }
            row[label] = Float((exp(distance) - sum) * factor)
            loss += log(sum) - distance
            if best != label { errors += 1 }
        }
        return (loss, errors)
    }

    /// Evaluates without a gradient, and leaves the logits as they are.
    ///
    /// - Parameter predicted: filled with the class of each sample's largest logit.
    /// - Returns: the same as `gradient`.
    public static func evaluate(
        _ logits: Matrix<Float>, labels: UnsafePointer<Int32>, predicted: UnsafeMutablePointer<Int32>
    ) -> (loss: Double, errors: Int) {
        var loss = 0.0, errors = 0
        for s in 0..<logits.rows {
            let row = logits.row(s), label = Int(labels[s]), best = largest(row)
            precondition(row.indices.contains(label))
            let peak = Double(row[best])
            var sum = 0.0
            for x in row { sum += exp(Double(x) - peak) }
            loss += log(sum) - (Double(row[label]) - peak)
            predicted[s] = Int32(best)
            if best != label { errors += 1 }
        }
        return (loss, errors)
    }

    /// The first place of the largest element.
    private static func largest(_ row: UnsafeMutableBufferPointer<Float>) -> Int {
        var best = 0
        for k in row.indices where row[k] > row[best] { best = k }
        return best
    }
}
