import Layers
import LinearAlgebra
import Parallel

/// Every unit has an owner: the ranks send it their gradients of the unit, it sums them, updates the unit and sends its
/// values to all. The optimiser's state is divided by the rank count, and so is the work of the update. N − n_r
/// values of the gradient leave a rank, then (P − 1)·n_r values.
///
/// A parameter's gradient may leave while the rest is computed (`markReady`), and its new values leave while other
/// parameters are summed and updated; parameters that fit one message together leave together. Parts are added in the
/// order of ranks, whatever the timing, or, in a reproducible reduction, by `OrderedSum`.
final class ShardedExchange: Exchange {
    private let shards: Shards<Float>
    /// Where the order is fast, of several ranks.
    private let reduceScatter: OverlappedReduceScatter<Float>?
    /// What sums in a reproducible reduction.
    private let ordered: OrderedSum<Float>?
    /// New values on their way to all, of several ranks.
    private let messages: Messages?
    private let rank, ranks: Int
    let order: ReductionOrder

    init(_ values: LearnedValues, order: ReductionOrder, communicator: Communicator) {
        shards = Shards(values, communicator: communicator)
        rank = communicator.rank
        ranks = communicator.size
        reduceScatter = order == .fast && ranks > 1 ? OverlappedReduceScatter(shards, communicator: communicator) : nil
        ordered = order == .fixed ? OrderedSum(ranges: shards.ranges, communicator: communicator) : nil
        messages = ranks > 1 ? Messages(communicator) : nil
        self.order = order
    }

    var updated: [Range<Int>] { shards.updated }

    var hasStarted: Bool { reduceScatter?.wasSent.contains(true) ?? false }

    func stateLayout(of parameter: Int, units: Int) -> RankLayout { .rows(updated[parameter], of: units) }

    func take(_ gradient: LearnedValues) { ordered?.take(gradient.flat.elements) }

    func markReady(_ parameter: Int, of gradient: LearnedValues) {
        guard let reduceScatter, !reduceScatter.wasSent[parameter] else { return }
        reduceScatter.send(parameter, of: UnsafeBufferPointer(gradient.flat.elements))
    }

    func step(_ values: LearnedValues, gradient: LearnedValues, rule: any UpdateRule, timer: StepTimer) throws {
        try ordered?.sum(gradient.flat.elements)
        for b in updated.indices.reversed() { markReady(b, of: gradient) }
        for (group, parts) in zip(shards.groups.indices, shards.parts) {
            reduceScatter?.receive(group: group)
            for b in shards.groups[group].reversed() {
                if let reduceScatter {
                    addParts(
                        of: reduceScatter, b, to: gradient.flat.pointer + shards.own[b].lowerBound,
                        count: shards.own[b].count)
                }
                timer.measure(.compute) {
                    rule.update(
                        parameter: b, values: values.matrix(b).rows(updated[b]),
                        gradient: gradient.matrix(b).rows(updated[b]))
                }
            }
            messages?.allGather(inPlace: values.flat.elements, parts)
        }
        messages?.finish()
    }

    /// Adds the parts of the others to this rank's own: ((part of rank 0 + of rank 1) + …), so those of the ranks
    /// before it are added first.
    private func addParts(
        of reduceScatter: OverlappedReduceScatter<Float>, _ parameter: Int, to own: UnsafeMutablePointer<Float>,
        count: Int
    ) {
        if rank > 0 {
            let before = reduceScatter.part(parameter, of: 0)
            for earlier in 1..<rank {
                accumulate(reduceScatter.part(parameter, of: earlier), into: before, count: count)
            }
            accumulate(before, into: own, count: count)
        }
        for later in rank + 1..<ranks { accumulate(reduceScatter.part(parameter, of: later), into: own, count: count) }
    }
}
