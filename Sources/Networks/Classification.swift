import DataParallel
import Datasets
import Layers
import LinearAlgebra

/// A network's loss on samples, batch by batch: expand W, load the samples, forward, backward.
public final class Classification: BatchObjective {
    private let network: Network
    private let samples: any SampleSource
    private let timer: StepTimer
    private let augmenter: Augmenter?
    private var labels: [Int32]

    /// - Parameters:
    ///   - network: made for the largest part of a batch that will be asked for.
    ///   - samples: as the network's first layer takes them: on its reduced path, pooled.
    ///   - augmentation: how they are changed, images of a shape; nil: not at all.
    ///   - timer: measures the expansion of W.
    public init(
        _ network: Network, samples: any SampleSource,
        augmentation: (how: Augmentation, shape: TensorShape, seed: UInt64)? = nil, timer: StepTimer
    ) {
        self.network = network
        self.samples = samples
        self.timer = timer
        augmenter = augmentation.map { Augmenter($0.how, shape: $0.shape, seed: $0.seed) }
        labels = [Int32](repeating: 0, count: network.batch.rows)
    }

    public func expand() { timer.measure(.expand) { network.expand() } }

    public func gradient(
        of part: ArraySlice<Int>, scale: Double, first: Int, completed: (Int) -> Void
    ) -> (loss: Double, errors: Int) {
        samples.load(part, into: network.batch)
        augmenter?.apply(to: network.batch.rows(0..<part.count), first: first)
        for (r, sample) in part.enumerated() { labels[r] = samples.labels[sample] }
        return network.gradient(
            count: part.count, labels: labels, scale: scale, firstSample: first, completed: completed)
    }
}

extension Network {
    /// Computes the classes predicted for some samples, in their order.
    ///
    /// - Parameter report: called after every part, of as many samples as a batch has rows.
    func predict(
        _ numbers: [Int], of samples: any SampleSource, report: () throws -> Void
    ) rethrows -> [Int32] {
        expand()
        let capacity = batch.rows
        var predicted = [Int32](repeating: 0, count: numbers.count)
        var labels = [Int32](repeating: 0, count: capacity)
        try predicted.withUnsafeMutableBufferPointer { predicted in
            for start in stride(from: 0, to: numbers.count, by: capacity) {
                let part = numbers[start..<min(start + capacity, numbers.count)]
                samples.load(part, into: batch)
                for (r, sample) in part.enumerated() { labels[r] = samples.labels[sample] }
                _ = evaluate(count: part.count, labels: labels, predicted: predicted.baseAddress! + start)
                try report()
            }
        }
        return predicted
    }
}
