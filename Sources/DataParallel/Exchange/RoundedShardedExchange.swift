import Layers
import LinearAlgebra
import Parallel

/// A `ShardedExchange` with bfloat16 on the wire: half the bytes.
///
/// A rank rounds its gradient and adds what that took to its next one; the owner sums in Float and keeps its values in
/// full. It sends them rounded, and all ranks, it too, compute with the rounded ones. What rounding took is the only
/// state that one rank alone has.
final class RoundedShardedExchange: Exchange {
    private let rank, ranks: Int
    private let shards: Shards<UInt16>
    private let reduceScatter: OverlappedReduceScatter<UInt16>
    private let messages: Messages
    /// The gradient on its way, then the values.
    private let packet: UnsafeMutableBufferPointer<UInt16>
    /// What rounding has taken from the gradient of every value.
    private let errorFeedback: Matrix<Float>
    /// The master weights: the own values of every parameter in Float.
    private let masterWeights: [Matrix<Float>]
    /// The units of every parameter, on all ranks.
    private let units: [Int]
    private var begun = false

    init(_ values: LearnedValues, communicator: Communicator) {
        rank = communicator.rank
        ranks = communicator.size
        shards = Shards(values, communicator: communicator)
        reduceScatter = OverlappedReduceScatter(shards, communicator: communicator)
        messages = Messages(communicator)
        packet = Allocation.buffer(values.count, "a gradient in bfloat16")
        units = values.parameters.map(\.units)
        errorFeedback = Matrix(rows: 1, columns: values.count)
        masterWeights = zip(values.parameters, shards.updated).map { Matrix(rows: $1.count, columns: $0.valuesPerUnit) }
    }

    deinit { Allocation.release(packet) }

    var updated: [Range<Int>] { shards.updated }

    var hasStarted: Bool { reduceScatter.wasSent.contains(true) }

    func stateLayout(of parameter: Int, units: Int) -> RankLayout { .rows(updated[parameter], of: units) }

    func archive(to archive: StateArchive) throws {
        try archive.flag("begun", &begun)
        for (b, weights) in masterWeights.enumerated() {
            try archive.matrix("master-weights.\(b)", weights, stateLayout(of: b, units: units[b]))
        }
        try archive.matrix("error-feedback", errorFeedback, .summed)
    }

    func markReady(_ parameter: Int, of gradient: LearnedValues) {
        guard !reduceScatter.wasSent[parameter] else { return }
        let offset = gradient.parameters[parameter].offset
        roundToBFloat16(
            gradient.flat.pointer + offset, errorFeedback: errorFeedback.pointer + offset,
            into: packet.baseAddress! + offset, count: gradient.parameters[parameter].count)
        reduceScatter.send(parameter, of: UnsafeBufferPointer(packet))
    }

    func step(_ values: LearnedValues, gradient: LearnedValues, rule: any UpdateRule, timer: StepTimer) throws {
        let parameters = updated.indices.reversed()
        if !begun {
            for b in parameters { masterWeights[b].copy(from: values.matrix(b).rows(updated[b])) }
            begun = true
        }
        for b in parameters { markReady(b, of: gradient) }
        for (group, parts) in zip(shards.groups.indices, shards.parts) {
            reduceScatter.receive(group: group)
            for b in shards.groups[group].reversed() {
                let own = shards.own[b], sum = gradient.flat.pointer + own.lowerBound
                func part(of sender: Int) -> UnsafePointer<UInt16> {
                    UnsafePointer(
                        sender == rank ? packet.baseAddress! + own.lowerBound : reduceScatter.part(b, of: sender))
                }
                widenFromBFloat16(part(of: 0), into: sum, count: own.count)
                for sender in 1..<ranks { addBFloat16(part(of: sender), to: sum, count: own.count) }
                timer.measure(.compute) {
                    rule.update(parameter: b, values: masterWeights[b], gradient: gradient.matrix(b).rows(updated[b]))
                }
                roundToBFloat16(masterWeights[b].pointer, into: packet.baseAddress! + own.lowerBound, count: own.count)
            }
            messages.allGather(inPlace: packet, parts)
        }
        messages.finish()
        widenFromBFloat16(packet.baseAddress!, into: values.flat.pointer, count: packet.count)
    }
}
