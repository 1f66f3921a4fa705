import Layers
import LinearAlgebra
import Parallel

/// As `OwnedExchange`, with bfloat16 on the wire: half the bytes.
///
/// A rank rounds its gradient and adds what that took to its next one; the owner sums in Float and keeps its values in full. It sends them
/// rounded, and all ranks, it too, compute with the rounded ones. What rounding took is the only state that one rank alone has.
final class RoundedExchange: Exchange {
    private let rank, ranks: Int
    private let ownership: Ownership<UInt16>
    private let departures: Departures<UInt16>
    private let messages: Messages
    /// The gradient on its way, then the values.
    private let packet: UnsafeMutableBufferPointer<UInt16>
    /// What rounding has taken from the gradient of every value.
    private let residual: Matrix<Float>
    /// Of every bucket the own values in full.
    private let masters: [Matrix<Float>]
    private var begun = false
    let bytesPerStep: Int

    init(_ values: LearnedValues, communicator: Communicator) {
        rank = communicator.rank
        ranks = communicator.size
        ownership = Ownership(values, communicator: communicator)
        departures = Departures(ownership, communicator: communicator)
        messages = Messages(communicator)
        bytesPerStep = 2 * values.count
        packet = Allocation.buffer(values.count, "a gradient in bfloat16")
        residual = Matrix(rows: 1, columns: values.count)
        masters = zip(values.buckets, ownership.updated).map { Matrix(rows: $1.count, columns: $0.valuesPerUnit) }
    }

    deinit { Allocation.release(packet) }

    var updated: [Range<Int>] { ownership.updated }
    var wireBytesPerStep: Int { 2 * ownership.busiest }
    var heldFloats: Int {
        (packet.count + departures.held + 1) / 2 + residual.columns + masters.reduce(0) { $0 + $1.rows * $1.columns }
    }

    var isUnderWay: Bool { departures.wasSent.contains(true) }

    func depart(bucket: Int, of gradient: LearnedValues) {
        guard !departures.wasSent[bucket] else { return }
        let offset = gradient.buckets[bucket].offset
        roundToBFloat16(
            gradient.flat.pointer + offset, residual: residual.pointer + offset, into: packet.baseAddress! + offset,
            count: gradient.buckets[bucket].count)
        departures.send(bucket, of: UnsafeBufferPointer(packet))
    }

    func step(_ values: LearnedValues, gradient: LearnedValues, rule: any UpdateRule) throws -> Double {
        let clock = ContinuousClock(), buckets = updated.indices.reversed()
        if !begun {
            for b in buckets { masters[b].copy(from: values.matrix(b).rows(updated[b])) }
            begun = true
        }
        for b in buckets { depart(bucket: b, of: gradient) }
        var seconds = 0.0
        for (group, parts) in zip(ownership.groups.indices, ownership.parts) {
            departures.receive(group: group)
            for b in ownership.groups[group].reversed() {
                let own = ownership.own[b], sum = gradient.flat.pointer + own.lowerBound
                func part(of sender: Int) -> UnsafePointer<UInt16> {
                    UnsafePointer(sender == rank ? packet.baseAddress! + own.lowerBound : departures.part(b, of: sender))
                }
                widenFromBFloat16(part(of: 0), into: sum, count: own.count)
                for sender in 1..<ranks { addBFloat16(part(of: sender), to: sum, count: own.count) }
                seconds += clock.measure { rule.update(bucket: b, values: masters[b], gradient: gradient.matrix(b).rows(updated[b])) }.seconds
                roundToBFloat16(masters[b].pointer, into: packet.baseAddress! + own.lowerBound, count: own.count)
            }
            messages.allGather(inPlace: packet, parts)
        }
        messages.finish()
        widenFromBFloat16(packet.baseAddress!, into: values.flat.pointer, count: packet.count)
        return seconds
    }
}
