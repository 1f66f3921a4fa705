import Layers
import Parallel

/// Which rank owns what of some learned values: every bucket's units are cut into ranks, so that each owns a part of every layer; and a
/// packet of all values in the order of their owners, as they travel.
struct Ownership {
    /// A run of values that one rank owns.
    struct Run {
        let bucket: Int
        /// In the flat buffer of the values.
        let place: Range<Int>
        /// Where it begins in the packet.
        let offset: Int
    }

    /// Of every rank, a run a bucket.
    let runs: [[Run]]
    /// The ranks' parts of the packet.
    let owned: Shares
    /// As many parts of this rank's length: what it receives of all ranks.
    let received: Shares
    /// The units of every bucket that this rank owns.
    let updated: [Range<Int>]
    /// What the busiest rank sends where a gradient goes to its owners and their values to all: values.
    let busiest: Int

    init(_ values: LearnedValues, communicator: Communicator) {
        let ranks = communicator.size, rank = communicator.rank
        let cuts = values.buckets.map { Cut($0.units, into: ranks) }
        var offset = 0
        runs = (0..<ranks).map { rank in
            zip(values.buckets, cuts).enumerated().map { b, bucket in
                let units = bucket.1[rank], width = bucket.0.valuesPerUnit, first = bucket.0.offset + units.lowerBound * width
                defer { offset += units.count * width }
                return Run(bucket: b, place: first..<first + units.count * width, offset: offset)
            }
        }
        updated = cuts.map { $0[rank] }
        let owned = Shares(counts: runs.map { $0.reduce(0) { $0 + $1.place.count } })
        self.owned = owned
        received = Shares(counts: Array(repeating: owned[rank].count, count: ranks))
        // N − n_r values of the gradient to their owners, then the own n_r values to P − 1 others.
        busiest = (0..<ranks).map { values.count + (ranks - 2) * owned[$0].count }.max()!
    }
}
