import Parallel
import Partition

extension Communicator {
    /// This rank's parts of a list of samples that is the same on every rank, each in chunks. A shard's chunks are cut
    /// on the shard. Else they are cut on the whole list and a rank takes whole ones, so that what a chunk gives,
    /// rounding included, does not depend on the rank count, either, unless a layer is computed in another way where a
    /// rank has another share of a batch.
    func parts(of samples: [Int], order: ReductionOrder) -> [[ArraySlice<Int>]] {
        func chunks(_ range: Range<Int>) -> [ArraySlice<Int>] {
            stride(from: range.lowerBound, to: range.upperBound, by: sampleChunk).map {
                samples[$0..<min($0 + sampleChunk, range.upperBound)]
            }
        }
        switch order {
        case .fast:
            let all = chunks(samples.indices)
            return [Array(all[Cut(all.count, into: size)[rank]])]
        case .fixed:
            let shards = order.parts(of: samples.count, rank: rank, ranks: size)
            return shards.own.map { chunks(shards[$0]) }
        }
    }
}

/// Samples of a chunk.
package let sampleChunk = 1000
