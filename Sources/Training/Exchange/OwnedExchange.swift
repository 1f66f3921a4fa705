import Layers
import LinearAlgebra
import Parallel

/// Every unit has an owner: the ranks send it their gradients of the unit, it sums them, updates the unit and sends its values to all. The
/// optimiser's state is divided by the rank count, and so is the work of the update. N − n_r values of the gradient leave a rank, then
/// (P − 1)·n_r values.
///
/// A bucket's gradient may leave while the rest is computed (`depart`), and its new values leave while other buckets are summed and
/// updated; buckets that fit one message together leave together. Parts are added in the order of ranks, whatever the timing, or, where the
/// order is fixed, by `OrderedSum`.
final class OwnedExchange: Exchange {
    private let ownership: Ownership<Float>
    /// Where the order is fast, of several ranks.
    private let departures: Departures<Float>?
    /// Where it is fixed.
    private let ordered: OrderedSum<Float>?
    /// New values on their way to all, of several ranks.
    private let messages: Messages?
    private let rank, ranks: Int
    let order: ReductionOrder
    let bytesPerStep: Int

    init(_ values: LearnedValues, order: ReductionOrder, communicator: Communicator) {
        ownership = Ownership(values, communicator: communicator)
        rank = communicator.rank
        ranks = communicator.size
        departures = order == .fast && ranks > 1 ? Departures(ownership, communicator: communicator) : nil
        ordered = order == .fixed ? OrderedSum(places: ownership.places, communicator: communicator) : nil
        messages = ranks > 1 ? Messages(communicator) : nil
        self.order = order
        bytesPerStep = 4 * values.count
    }

    var updated: [Range<Int>] { ownership.updated }
    var wireBytesPerStep: Int { 4 * (ordered?.busiest ?? ownership.busiest) }
    var heldFloats: Int { (departures?.held ?? 0) + (ordered?.heldValues ?? 0) }

    var isUnderWay: Bool { departures?.wasSent.contains(true) ?? false }

    func take(_ gradient: LearnedValues) { ordered?.take(gradient.flat.elements) }

    func depart(bucket: Int, of gradient: LearnedValues) {
        guard let departures, !departures.wasSent[bucket] else { return }
        departures.send(bucket, of: UnsafeBufferPointer(gradient.flat.elements))
    }

    func step(_ values: LearnedValues, gradient: LearnedValues, rule: any UpdateRule) throws -> Double {
        let clock = ContinuousClock()
        try ordered?.sum(gradient.flat.elements)
        for b in updated.indices.reversed() { depart(bucket: b, of: gradient) }
        var seconds = 0.0
        for (group, parts) in zip(ownership.groups.indices, ownership.parts) {
            departures?.receive(group: group)
            for b in ownership.groups[group].reversed() {
                if let departures {
                    addParts(of: departures, b, to: gradient.flat.pointer + ownership.own[b].lowerBound, count: ownership.own[b].count)
                }
                seconds += clock.measure {
                    rule.update(bucket: b, values: values.matrix(b).rows(updated[b]), gradient: gradient.matrix(b).rows(updated[b]))
                }.seconds
            }
            messages?.allGather(inPlace: values.flat.elements, parts)
        }
        messages?.finish()
        return seconds
    }

    /// Adds the parts of the others to this rank's own: ((part of rank 0 + of rank 1) + …), so those of the ranks before it are added first.
    private func addParts(of departures: Departures<Float>, _ bucket: Int, to own: UnsafeMutablePointer<Float>, count: Int) {
        if rank > 0 {
            let before = departures.part(bucket, of: 0)
            for earlier in 1..<rank { accumulate(departures.part(bucket, of: earlier), into: before, count: count) }
            accumulate(before, into: own, count: count)
        }
        for later in rank + 1..<ranks { accumulate(departures.part(bucket, of: later), into: own, count: count) }
    }
}
