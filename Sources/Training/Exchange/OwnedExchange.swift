import Layers
import LinearAlgebra
import Parallel

/// Every unit has an owner: the ranks send it their gradients of the unit, it sums them in the order of ranks, updates the unit and sends
/// its values to all. The optimiser's state is divided by the rank count, and so is the work of the update. Two exchanges of messages a
/// step, whatever the number of buckets: N − n_r values of the gradient leave a rank, then (P − 1)·n_r values.
final class OwnedExchange: Exchange {
    private let communicator: Communicator
    private let ownership: Ownership
    private let packet: Matrix<Float>
    private let arrived: Matrix<Float>
    let updated: [Range<Int>]

    init(_ values: LearnedValues, communicator: Communicator) {
        self.communicator = communicator
        ownership = Ownership(values, communicator: communicator)
        updated = ownership.updated
        packet = Matrix(rows: 1, columns: communicator.size == 1 ? 0 : values.count)
        arrived = Matrix(rows: 1, columns: communicator.size == 1 ? 0 : ownership.received.total)
        bytesPerStep = 4 * values.count
    }

    let bytesPerStep: Int
    var wireBytesPerStep: Int { communicator.size == 1 ? 0 : 4 * ownership.busiest }
    var heldFloats: Int { packet.columns + arrived.columns }

    func step(_ values: LearnedValues, gradient: LearnedValues, rule: any UpdateRule) throws -> Double {
        let clock = ContinuousClock()
        guard communicator.size > 1 else { return clock.measure { rule.updateAll(values, gradient: gradient) }.seconds }
        let own = ownership.owned[communicator.rank], packed = packet.pointer
        for run in ownership.runs.joined() {
            (packed + run.offset).update(from: gradient.flat.pointer + run.place.lowerBound, count: run.place.count)
        }
        try communicator.allToAll(UnsafeBufferPointer(packet.elements), ownership.owned, into: arrived.elements, ownership.received)
        for run in ownership.runs[communicator.rank] {
            let sum = gradient.flat.pointer + run.place.lowerBound, first = arrived.pointer + (run.offset - own.lowerBound)
            sum.update(from: first, count: run.place.count)
            for rank in 1..<communicator.size {
                let next = first + rank * own.count
                for i in 0..<run.place.count { sum[i] += next[i] }
            }
        }
        let seconds = clock.measure {
            for b in updated.indices {
                rule.update(bucket: b, values: values.matrix(b).rows(updated[b]), gradient: gradient.matrix(b).rows(updated[b]))
            }
        }.seconds
        for run in ownership.runs[communicator.rank] {
            (packed + run.offset).update(from: values.flat.pointer + run.place.lowerBound, count: run.place.count)
        }
        try communicator.allGather(inPlace: packet.elements, shares: ownership.owned)
        for run in ownership.runs.joined() {
            (values.flat.pointer + run.place.lowerBound).update(from: packed + run.offset, count: run.place.count)
        }
        return seconds
    }
}
