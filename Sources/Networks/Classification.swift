import DataParallel
import Layers
import LinearAlgebra

/// A network's loss on training rows, batch by batch: expand W, gather the rows, forward, backward.
public final class Classification: BatchObjective {
    private let network: Network
    private let rows: TrainingRows
    private let timer: StepTimer
    private var labels: [Int32]

    /// - Parameters:
    ///   - network: made for the largest part of a batch that will be asked for.
    ///   - rows: as the network's first layer takes them: on its reduced path, pooled.
    ///   - timer: measures the expansion of W.
    public init(_ network: Network, rows: TrainingRows, timer: StepTimer) {
        self.network = network
        self.rows = rows
        self.timer = timer
        labels = [Int32](repeating: 0, count: network.batch.rows)
    }

    public func prepare() { timer.measure(.expand) { network.expand() } }

    public func gradient(
        of samples: ArraySlice<Int>, scale: Double, first: Int, completed: (Int) -> Void
    ) -> (loss: Double, errors: Int) {
        rows.gather(samples, into: network.batch)
        for (r, sample) in samples.enumerated() { labels[r] = rows.labels[sample] }
        return network.gradient(count: samples.count, labels: labels, scale: scale, firstSample: first, completed: completed)
    }
}

extension Network {
    /// Computes the classes predicted for some samples, in their order.
    func predict(_ samples: [Int], of rows: TrainingRows) -> [Int32] {
        expand()
        let capacity = batch.rows
        var predicted = [Int32](repeating: 0, count: samples.count)
        var labels = [Int32](repeating: 0, count: capacity)
        predicted.withUnsafeMutableBufferPointer { predicted in
            for start in stride(from: 0, to: samples.count, by: capacity) {
                let part = samples[start..<min(start + capacity, samples.count)]
                rows.gather(part, into: batch)
                for (r, sample) in part.enumerated() { labels[r] = rows.labels[sample] }
                _ = evaluate(count: part.count, labels: labels, predicted: predicted.baseAddress! + start)
            }
        }
        return predicted
    }
}
