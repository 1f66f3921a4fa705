import Parallel

extension Communicator {
    /// This rank's chunks of a list of samples that is the same on every rank. Chunks are cut on the whole list and a rank takes whole
    /// ones, so that what a chunk gives, rounding included, does not depend on the rank count.
    func chunks(of samples: [Int]) -> [ArraySlice<Int>] {
        let starts = Array(stride(from: 0, to: samples.count, by: sampleChunk))
        return starts[Cut(starts.count, into: size)[rank]].map { samples[$0..<min($0 + sampleChunk, samples.count)] }
    }
}

/// Samples of a chunk.
let sampleChunk = 1000
