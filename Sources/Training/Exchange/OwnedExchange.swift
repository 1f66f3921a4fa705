import Layers
import Parallel

/// Reduce-scatter of the gradient, so that a unit's sum is with its owner alone; the owner updates it; allgather of the values. The
/// optimiser's state is divided by the rank count, and so is the work of the update. Two collectives a bucket.
final class OwnedExchange: Exchange {
    private let communicator: Communicator
    /// Of every bucket: its units cut into ranks.
    private let shares: [Cut]
    let updated: [Range<Int>]
    let wireBytesPerStep: Int

    init(_ values: LearnedValues, communicator: Communicator) {
        self.communicator = communicator
        let ranks = communicator.size
        let cuts = values.buckets.map { Cut($0.units, into: ranks) }
        shares = zip(cuts, values.buckets).map { $0.scaled(by: $1.valuesPerUnit) }
        updated = cuts.map { $0[communicator.rank] }
        // A rank sends its N − n_r of every bucket's gradient, then its n_r values to P − 1 others.
        let shares = shares
        wireBytesPerStep = 4 * ((0..<ranks).map { r in shares.reduce(0) { $0 + $1.total + (ranks - 2) * $1[r].count } }.max() ?? 0)
    }

    func step(_ values: LearnedValues, gradient: LearnedValues, rule: any UpdateRule) throws -> Double {
        var seconds = 0.0
        for b in values.buckets.indices {
            let w = values.matrix(b), g = gradient.matrix(b)
            try communicator.reduceScatter(inPlace: g.elements, shares: shares[b])
            seconds += ContinuousClock().measure {
                rule.update(bucket: b, values: w.rows(updated[b]), gradient: g.rows(updated[b]))
            }.seconds
            try communicator.allGather(inPlace: w.elements, shares: shares[b])
        }
        return seconds
    }
}
