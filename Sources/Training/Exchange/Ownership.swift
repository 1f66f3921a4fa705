import Layers
import Parallel

/// Which rank owns what of some learned values: every bucket's units are cut into ranks, so that each owns a part of every layer.
struct Ownership {
    /// Of every bucket: the values of each rank.
    let parts: [Shares]
    /// Of every bucket: the units of this rank, and where their values are in the flat buffer.
    let updated: [Range<Int>]
    let own: [Range<Int>]
    /// Of every rank, a bucket a range: where its values are in the flat buffer.
    let places: [[Range<Int>]]
    /// What the busiest rank sends where a gradient goes to its owners and their values to all: values.
    let busiest: Int

    init(_ values: LearnedValues, communicator: Communicator) {
        let ranks = communicator.size, cuts = values.buckets.map { Cut($0.units, into: ranks) }
        parts = zip(values.buckets, cuts).map { bucket, cut in Shares(counts: (0..<ranks).map { cut[$0].count * bucket.valuesPerUnit }) }
        updated = cuts.map { $0[communicator.rank] }
        let parts = parts
        places = (0..<ranks).map { rank in
            zip(values.buckets, parts).map { $0.offset + $1[rank].lowerBound..<$0.offset + $1[rank].upperBound }
        }
        own = places[communicator.rank]
        // N − n_r values of the gradient to their owners, then the own n_r values to P − 1 others.
        busiest = places.map { values.count + (ranks - 2) * $0.reduce(0) { $0 + $1.count } }.max()!
    }
}
