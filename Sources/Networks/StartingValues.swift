import DataParallel
import Datasets
import Layers
import LinearAlgebra
import Parallel
import Partition
import Storage

/// What the learned values of a network start from.
public enum StartingValues: String, Codable, CaseIterable, Sendable {
    /// w uniform in ±0.1 (the released settings of Denil et al. 2013).
    case uniform
    /// The same, scaled layer by layer, from below: the first outputs have variance 1 on the first batch, so that
    /// smooth filters do not start louder than others (LSUV: Mishkin & Matas, "All you need is a good init", ICLR
    /// 2016). The softmax layer stays as it is.
    case variance
}

extension NetworkModel {
    /// Scales w of every layer but the softmax layer so that its outputs, before an activation, have variance 1 over
    /// samples, units and places. Every rank computes all of these samples, in the same pieces for 1 to 8 ranks, and
    /// takes rank 0's variances, a broadcast of 8 bytes a layer: it has the same bits at all of these rank counts.
    /// Collective.
    ///
    /// - Parameters:
    ///   - network: the network of this model.
    ///   - samples: the first batch, of all ranks.
    /// - Throws: `CollectiveError` with a `DataError` where all outputs of a layer are the same; `MPIError`.
    package func scaleStart(
        of network: Network, on samples: ArraySlice<Int>, of source: any SampleSource, communicator: Communicator
    ) throws {
        for layer in layers.dropLast() {
            network.expand()
            var variance = variance(of: layer.shape.spec, in: network, on: samples, of: source)
            try withUnsafeMutablePointer(to: &variance) {
                try communicator.broadcast(UnsafeMutableBufferPointer(start: $0, count: 1), from: 0)
            }
            try communicator.agree {
                guard variance > 0, variance.isFinite else {
                    throw DataError(
                        message: "--start variance: expected outputs of \(layer.name) that differ on the first batch, "
                            + "found variance \(variance): are its images all the same?")
                }
            }
            let factor = Float(1 / variance.squareRoot())
            let weights = layer.values.columns(0..<layer.weights.valuesPerUnit)
            for unit in 0..<weights.rows {
                for value in weights.row(unit).indices { weights[unit, value] *= factor }
            }
        }
    }

    private func variance(
        of layer: NetworkSpec.Weighted, in network: Network, on samples: ArraySlice<Int>, of source: any SampleSource
    ) -> Double {
        let length = min(network.batch.rows, (samples.count + ShardTree.shards - 1) / ShardTree.shards)
        var sum = 0.0, squares = 0.0
        for start in stride(from: samples.startIndex, to: samples.endIndex, by: length) {
            let part = samples[start..<min(start + length, samples.endIndex)]
            source.load(part, into: network.batch)
            let outputs = network.outputs(ofLayer: layer.place, count: part.count)
            for row in 0..<outputs.rows {
                for output in outputs.row(row) {
                    sum += Double(output)
                    squares += Double(output) * Double(output)
                }
            }
        }
        // What lies between the maps of a convolution is 0, and counts for nothing.
        let count = Double(samples.count * (layer.convolution?.output.count ?? layer.units)), mean = sum / count
        return squares / count - mean * mean
    }
}
