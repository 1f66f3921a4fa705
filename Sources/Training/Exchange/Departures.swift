import LinearAlgebra
import Parallel

/// The parts of a gradient on their way to their owners, unsummed, group by group of `Ownership`: a group leaves when
/// its buckets are complete, while the rest is computed. Every rank sends the same buckets in the same order.
final class Departures<Number: MPIScalar> {
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
    private let ownership: Ownership<Number>
    private let arrivals: [Arrival]
    /// The group of every bucket, and where the bucket begins in a part of it.
    private let place: [(group: Int, offset: Int)]
    /// Whether a bucket was sent, and not yet received.
    private(set) var wasSent: [Bool]

    init(_ ownership: Ownership<Number>, communicator: Communicator) {
        let rank = communicator.rank
        self.rank = rank
        self.ownership = ownership
        var place = ownership.own.map { _ in (group: 0, offset: 0) }
        arrivals = ownership.groups.enumerated().map { number, group in
            var count = 0
            for bucket in group {
                place[bucket] = (number, count)
                count += ownership.own[bucket].count
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

    /// Numbers that it holds.
    var held: Int { arrivals.reduce(0) { $0 + $1.buffer.count } }

    /// Takes a bucket, starts its group on its way when that is complete, and lets MPI work on those before it. The
    /// buffer, which holds all buckets, is read until `receive`.
    func send(_ bucket: Int, of buffer: UnsafeBufferPointer<Number>) {
        wasSent[bucket] = true
        let group = place[bucket].group, arrival = arrivals[group]
        guard ownership.groups[group].allSatisfy({ wasSent[$0] }) else { return }
        for earlier in arrivals { earlier.messages.progress() }
        arrival.messages.allToAll(buffer, ownership.parts[group], into: arrival.buffer, arrival.parts)
    }

    /// Waits for the parts of all other ranks.
    func receive(group: Int) {
        arrivals[group].messages.finish()
        for bucket in ownership.groups[group] { wasSent[bucket] = false }
    }

    /// What another rank has sent of a bucket, when its group was received; scratch of the caller until that leaves
    /// again.
    func part(_ bucket: Int, of other: Int) -> UnsafeMutablePointer<Number> {
        precondition(other != rank, "a rank's own part stays where it is")
        let (group, offset) = place[bucket], arrival = arrivals[group]
        return arrival.buffer.baseAddress! + arrival.count * (other < rank ? other : other - 1) + offset
    }
}
