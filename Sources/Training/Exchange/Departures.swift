import Parallel

/// The parts of a gradient on their way to their owners, unsummed, bucket by bucket: a bucket leaves when it is complete, while the rest
/// is computed. Every rank sends the same buckets in the same order.
final class Departures<Number: MPIScalar> {
    private let rank: Int
    private let parts: [Shares]
    /// Of every bucket: as many parts of this rank's length as there are other ranks.
    private let received: [Shares]
    private let arrived: [UnsafeMutableBufferPointer<Number>]
    private let messages: [Messages]
    /// Of every bucket: whether it has left and has not been received.
    private(set) var hasLeft: [Bool]

    init(_ ownership: Ownership, communicator: Communicator) {
        let rank = communicator.rank
        self.rank = rank
        parts = ownership.parts
        received = ownership.own.map { own in
            Shares(counts: (0..<communicator.size).map { $0 == rank ? 0 : own.count })
        }
        arrived = received.map { .allocate(capacity: $0.total) }
        messages = parts.map { _ in Messages(communicator) }
        hasLeft = parts.map { _ in false }
    }

    deinit { for buffer in arrived { buffer.deallocate() } }

    /// Numbers that it holds.
    var held: Int { arrived.reduce(0) { $0 + $1.count } }

    /// Starts a bucket on its way, and lets MPI work on those before it. The buffer is read until `receive`.
    func send(_ bucket: Int, _ buffer: UnsafeBufferPointer<Number>) {
        for earlier in messages.indices where hasLeft[earlier] { messages[earlier].progress() }
        messages[bucket].allToAll(buffer, parts[bucket], into: arrived[bucket], received[bucket])
        hasLeft[bucket] = true
    }

    /// Waits for the parts of all other ranks.
    func receive(_ bucket: Int) {
        messages[bucket].finish()
        hasLeft[bucket] = false
    }

    /// What another rank has sent, when it was received; scratch of the caller until the bucket leaves again.
    func part(_ bucket: Int, of other: Int) -> UnsafeMutablePointer<Number> {
        precondition(other != rank, "a rank's own part stays where it is")
        return arrived[bucket].baseAddress! + received[bucket][other].lowerBound
    }
}
