import Layers
import LinearAlgebra
import Parallel

/// Every unit has an owner: the ranks send it their gradients of the unit, it sums them (`OrderedSum`), updates the unit and sends its
/// values to all. The optimiser's state is divided by the rank count, and so is the work of the update. Two exchanges of messages a
/// step, whatever the number of buckets: N − n_r values of the gradient leave a rank, then (P − 1)·n_r values.
final class OwnedExchange: Exchange {
    private let communicator: Communicator
    private let ownership: Ownership
    private let sum: OrderedSum<Float>
    /// All values in the order of their owners.
    private let packet: Matrix<Float>
    let updated: [Range<Int>]
    let order: ReductionOrder

    init(_ values: LearnedValues, order: ReductionOrder, communicator: Communicator) {
        self.communicator = communicator
        ownership = Ownership(values, communicator: communicator)
        updated = ownership.updated
        sum = OrderedSum(places: ownership.runs.map { $0.map(\.place) }, order: order, communicator: communicator)
        packet = sum.packet.columns(0..<(communicator.size == 1 ? 0 : values.count))
        self.order = order
        bytesPerStep = 4 * values.count
    }

    let bytesPerStep: Int
    var wireBytesPerStep: Int { 4 * sum.busiest }
    var heldFloats: Int { sum.heldValues }

    func take(_ gradient: LearnedValues) { sum.take(gradient.flat.elements) }

    func step(_ values: LearnedValues, gradient: LearnedValues, rule: any UpdateRule) throws -> Double {
        let clock = ContinuousClock(), packed = packet.pointer
        try sum.sum(gradient.flat.elements)
        guard communicator.size > 1 else { return clock.measure { rule.updateAll(values, gradient: gradient) }.seconds }
        let seconds = clock.measure {
            for b in updated.indices {
                rule.update(bucket: b, values: values.matrix(b).rows(updated[b]), gradient: gradient.matrix(b).rows(updated[b]))
            }
        }.seconds
        for run in ownership.runs[communicator.rank] {
            (packed + run.offset).update(from: values.flat.pointer + run.place.lowerBound, count: run.place.count)
        }
        communicator.allGather(inPlace: packet.elements, shares: ownership.owned)
        for run in ownership.runs.joined() {
            (values.flat.pointer + run.place.lowerBound).update(from: packed + run.offset, count: run.place.count)
        }
        return seconds
    }
}
