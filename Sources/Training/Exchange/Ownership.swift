import Layers
import Parallel
import Partition

/// Which rank owns what of some learned values: every bucket's units are cut into ranks, so that each owns a part of every layer. And which
/// of them travel together, as values of a type.
struct Ownership<Number: MPIScalar> {
    /// Buckets that leave together, in the order in which a network's gradients are complete: those that fit one message in all.
    let groups: [Range<Int>]
    /// Of every group: which of the flat buffer's values are each rank's.
    let parts: [Parts<Number>]
    /// Of every bucket: the units of this rank, and where their values are in the flat buffer.
    let updated: [Range<Int>]
    let own: [Range<Int>]
    /// Of every rank, a bucket a range: where its values are in the flat buffer.
    let places: [[Range<Int>]]
    /// What the busiest rank sends where a gradient goes to its owners and their values to all: values.
    let busiest: Int

    init(_ values: LearnedValues, communicator: Communicator) {
        let ranks = communicator.size, cuts = values.buckets.map { Cut($0.units, into: ranks) }
        updated = cuts.map { $0[communicator.rank] }
        let places = (0..<ranks).map { rank in
            zip(values.buckets, cuts).map { bucket, cut in
                let part = cut.scaled(by: bucket.valuesPerUnit)[rank]
                return bucket.offset + part.lowerBound..<bucket.offset + part.upperBound
            }
        }
        self.places = places
        own = places[communicator.rank]
        // N − n_r values of the gradient to their owners, then the own n_r values to P − 1 others.
        busiest = places.map { values.count + (ranks - 2) * $0.reduce(0) { $0 + $1.count } }.max()!

        let message = communicator.messageCapacity(of: Number.self)
        var groups: [Range<Int>] = [], count = 0
        for (b, bucket) in values.buckets.enumerated().reversed() {
            count += bucket.count
            if let last = groups.last, count <= message {
                groups[groups.count - 1] = b..<last.upperBound
            } else {
                groups.append(b..<b + 1)
                count = bucket.count
            }
        }
        self.groups = groups
        parts = groups.map { group in Parts(places.map { Array($0[group]) }) }
    }
}
