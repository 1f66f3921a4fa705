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
    /// Scales w of a layer so that its outputs, before an activation, have variance 1 over samples, units and places.
    ///
    /// Every rank computes all of these samples, in the same pieces on 1 to 8 ranks, and takes rank 0's variance: with
    /// `--reduction fixed` it has the same bits at all of these rank counts. Collective: an agreement and a broadcast
    /// of 8 bytes.
    ///
    /// - Parameters:
    ///   - layer: the layers before it are scaled already.
    ///   - network: the network of this model.
    ///   - samples: the first batch, of all ranks.
    /// - Throws: `CollectiveError` with a `DataError` where all outputs of the layer are the same; `MPIError`.
    package func scaleStart(
        of layer: Layer, in network: Network, on samples: ArraySlice<Int>, of source: any SampleSource,
        communicator: Communicator
    ) throws {
        network.expand()
        var variance = variance(of: layer.shape.spec, in: network, on: samples, of: source)
        try withUnsafeMutablePointer(to: &variance) {
            try communicator.broadcast(UnsafeMutableBufferPointer(start: $0, count: 1), from: 0)
        }
        try communicator.agree {
            guard variance > 0, variance.isFinite else {
                throw DataError(
                    message: "--start variance: expected outputs of \(layer.name) that differ on the first batch, "
                        + "found a variance of \(variance): are its images all black?")
            }
        }
        let factor = Float(1 / variance.squareRoot())
        let weights = layer.values.columns(0..<layer.weights.valuesPerUnit)
        for unit in 0..<weights.rows {
            for value in weights.row(unit).indices { weights[unit, value] *= factor }
        }
    }

    private func variance(
        of layer: NetworkSpec.Weighted, in network: Network, on samples: ArraySlice<Int>, of source: any SampleSource
    ) -> Double {
        let length = min(network.batch.rows, (samples.count + ShardTree.shards - 1) / ShardTree.shards)
        // From the first output on, so that outputs that are all the same have a variance of exactly 0.
        var first: Double?, sum = 0.0, squares = 0.0
        for start in stride(from: samples.startIndex, to: samples.endIndex, by: length) {
            let part = samples[start..<min(start + length, samples.endIndex)]
            source.load(part, into: network.batch)
            let outputs = network.outputs(ofLayer: layer.place, count: part.count)
            let origin = first ?? Double(outputs[0, 0]), maps = layer.convolution?.output
            first = origin
            for row in 0..<outputs.rows {
                for (i, output) in outputs.row(row).enumerated() {
                    // What lies between the maps of a convolution counts for nothing.
                    if let maps, i % maps.pixelFloats >= maps.channels { continue }
                    let difference = Double(output) - origin
                    sum += difference
                    squares += difference * difference
                }
            }
        }
        let count = Double(samples.count * (layer.convolution?.output.count ?? layer.units)), mean = sum / count
        return squares / count - mean * mean
    }
}
