import Layers
import LinearAlgebra
import Parallel

/// As `OwnedExchange`, with bfloat16 on the wire: half the bytes.
///
/// A rank rounds its gradient and adds what that took to its next one; the owner sums in Float and keeps its values in full. It sends them
/// rounded, and all ranks, it too, compute with the rounded ones. What rounding took is the only state that one rank alone has.
final class RoundedExchange: Exchange {
    private let communicator: Communicator
    private let ownership: Ownership
    private let packet: UnsafeMutableBufferPointer<UInt16>
    private let arrived: UnsafeMutableBufferPointer<UInt16>
    /// What rounding has taken from the gradient of every value, in the order of the packet.
    private let residual: Matrix<Float>
    /// The own values in full, in the order of the packet.
    private let masters: Matrix<Float>
    private var begun = false
    let updated: [Range<Int>]
    let bytesPerStep: Int

    init(_ values: LearnedValues, communicator: Communicator) {
        self.communicator = communicator
        ownership = Ownership(values, communicator: communicator)
        updated = ownership.updated
        bytesPerStep = 2 * values.count
        packet = .allocate(capacity: values.count)
        arrived = .allocate(capacity: ownership.received.total)
        residual = Matrix(rows: 1, columns: values.count)
        masters = Matrix(rows: 1, columns: ownership.owned[communicator.rank].count)
    }

    deinit {
        packet.deallocate()
        arrived.deallocate()
    }

    var wireBytesPerStep: Int { communicator.size == 1 ? 0 : 2 * ownership.busiest }
    var heldFloats: Int { (packet.count + arrived.count + 1) / 2 + residual.columns + masters.columns }

    func step(_ values: LearnedValues, gradient: LearnedValues, rule: any UpdateRule) throws -> Double {
        let rank = communicator.rank, own = ownership.owned[rank]
        let packed = packet.baseAddress!, arrived = arrived.baseAddress!, values = values.flat.pointer
        if !begun {
            for run in ownership.runs[rank] { master(run).update(from: values + run.place.lowerBound, count: run.place.count) }
            begun = true
        }
        for run in ownership.runs.joined() {
            roundToBFloat16(
                gradient.flat.pointer + run.place.lowerBound, residual: residual.pointer + run.offset, into: packed + run.offset,
                count: run.place.count)
        }
        communicator.allToAll(UnsafeBufferPointer(packet), ownership.owned, into: self.arrived, ownership.received)
        for run in ownership.runs[rank] {
            let sum = gradient.flat.pointer + run.place.lowerBound, first = arrived + (run.offset - own.lowerBound)
            widenFromBFloat16(first, into: sum, count: run.place.count)
            for other in 1..<communicator.size { addBFloat16(first + other * own.count, to: sum, count: run.place.count) }
        }
        let seconds = ContinuousClock().measure {
            for run in ownership.runs[rank] {
                let rows = gradient.matrix(run.bucket).rows(updated[run.bucket]), offset = run.offset - own.lowerBound
                let values = masters.columns(offset..<offset + run.place.count).reshaped(rows: rows.rows, columns: rows.columns)
                rule.update(bucket: run.bucket, values: values, gradient: rows)
            }
        }.seconds
        for run in ownership.runs[rank] { roundToBFloat16(master(run), into: packed + run.offset, count: run.place.count) }
        communicator.allGather(inPlace: packet, shares: ownership.owned)
        for run in ownership.runs.joined() { widenFromBFloat16(packed + run.offset, into: values + run.place.lowerBound, count: run.place.count) }
        return seconds
    }

    private func master(_ run: Ownership.Run) -> UnsafeMutablePointer<Float> {
        masters.pointer + (run.offset - ownership.owned[communicator.rank].lowerBound)
    }
}
