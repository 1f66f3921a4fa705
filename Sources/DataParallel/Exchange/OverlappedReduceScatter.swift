import LinearAlgebra
import Parallel

/// The parts of a gradient on their way to their owners, unsummed, group by group of `Shards`: a group leaves when
/// its parameters are complete, while the rest is computed. Every rank sends the same parameters in the same order.
final class OverlappedReduceScatter<Number: MPIScalar> {
    /// What the others send of a group.
    private struct Arrival {
        let messages: Messages
        /// As many parts of this rank's length as there are other ranks, in their order.
        let parts: Parts<Number>
        let buffer: UnsafeMutableBufferPointer<Number>
        /// The length of this rank's part.
        let count: Int
    }

    private let rank: Int
    private let shards: Shards<Number>
    private let arrivals: [Arrival]
    /// The group of every parameter, and where the parameter begins in a part of it.
    private let place: [(group: Int, offset: Int)]
    /// Whether a parameter was sent, and not yet received.
    private(set) var wasSent: [Bool]

    init(_ shards: Shards<Number>, communicator: Communicator) {
        let rank = communicator.rank
        self.rank = rank
        self.shards = shards
        var place = shards.own.map { _ in (group: 0, offset: 0) }
        arrivals = shards.groups.enumerated().map { number, group in
            var count = 0
            for parameter in group {
                place[parameter] = (number, count)
                count += shards.own[parameter].count
            }
            let parts = Parts<Number>(counts: (0..<communicator.size).map { $0 == rank ? 0 : count })
            return Arrival(
                messages: Messages(communicator), parts: parts,
                buffer: Allocation.buffer(parts.total, "the gradients of other ranks"), count: count)
        }
        self.place = place
        wasSent = place.map { _ in false }
    }

    deinit { for arrival in arrivals { Allocation.release(arrival.buffer) } }

    /// Takes a parameter, starts its group on its way when that is complete, and lets MPI work on those before it. The
    /// buffer, which holds all parameters, is read until `receive`.
    func send(_ parameter: Int, of buffer: UnsafeBufferPointer<Number>) {
        wasSent[parameter] = true
        let group = place[parameter].group, arrival = arrivals[group]
        guard shards.groups[group].allSatisfy({ wasSent[$0] }) else { return }
        for earlier in arrivals { earlier.messages.progress() }
        arrival.messages.allToAll(buffer, shards.parts[group], into: arrival.buffer, arrival.parts)
    }

    /// Waits for the parts of all other ranks.
    func receive(group: Int) {
        arrivals[group].messages.finish()
        for parameter in shards.groups[group] { wasSent[parameter] = false }
    }

    /// What another rank has sent of a parameter, when its group was received; scratch of the caller until that leaves
    /// again.
    func part(_ parameter: Int, of other: Int) -> UnsafeMutablePointer<Number> {
        precondition(other != rank, "a rank's own part stays where it is")
        let (group, offset) = place[parameter], arrival = arrivals[group]
        return arrival.buffer.baseAddress! + arrival.count * (other < rank ? other : other - 1) + offset
    }
}
