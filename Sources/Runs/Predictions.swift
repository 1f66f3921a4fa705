import Parallel
import Partition

/// predictions.csv: `fold,index,label,predicted`, a line a test image and fold.
///
/// - Parameters:
///   - predictions: the class predicted for every test image, for each fold; one fold where a set has none.
///   - labels: the class of every test image.
package func predictionTable(_ predictions: [[Int32]], labels: [Int32]) -> String {
    var text = "fold,index,label,predicted\n"
    for (fold, predicted) in predictions.enumerated() {
        for (index, (label, guess)) in zip(labels, predicted).enumerated() {
            text += "\(fold),\(index),\(label),\(guess)\n"
        }
    }
    return text
}

extension Communicator {
    /// The numbers of all ranks one after another, on every rank. One allgather.
    ///
    /// - Parameters:
    ///   - own: this rank's cut of them.
    ///   - total: how many all ranks have together.
    package func gather(_ own: [Int32], total: Int) throws -> [Int32] {
        var all = [Int32](repeating: 0, count: total)
        let cut = Cut(total, into: size)
        try all.withUnsafeMutableBufferPointer { buffer in
            for (i, value) in zip(cut[rank], own) { buffer[i] = value }
            try allGather(inPlace: buffer, shares: cut)
        }
        return all
    }
}
