import Parallel

/// The parts of a gradient on their way to their owners, unsummed, bucket by bucket: a bucket leaves when it is complete, while the rest
/// is computed. Every rank sends the same buckets in the same order.
final class Departures<Number: MPIScalar> {
    private let parts: [Shares]
    /// Of every bucket as many parts of this rank's length: what it receives of all ranks.
    private let received: [Shares]
    private let arrived: [UnsafeMutableBufferPointer<Number>]
    private let messages: [Messages]
    /// Of every bucket: whether it has left and has not been received.
    private(set) var hasLeft: [Bool]

    init(_ ownership: Ownership, communicator: Communicator) {
        parts = ownership.parts
        received = ownership.own.map { Shares(counts: Array(repeating: $0.count, count: communicator.size)) }
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

    /// The parts of all ranks for this one, in the order of ranks, when all have arrived.
    func receive(_ bucket: Int) -> UnsafePointer<Number> {
        messages[bucket].finish()
        hasLeft[bucket] = false
        return UnsafePointer(arrived[bucket].baseAddress!)
    }
}
