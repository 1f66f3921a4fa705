internal import CMPI
import Partition

/// An allreduce of our own: the sum of Floats over ranks in a ring (Patarasuk & Yuan, 2009), in segments, so that a
/// rank passes on the first of them while the next is still on its way.
///
/// The buffer is cut into P parts. A part travels once round the ring and is summed on its way, from the rank of its
/// number on: always in that order, whatever the timing. Then its sum travels round. So 2(P−1) hops, on which a rank
/// sends 2·N values less two parts, 2(P−1)/P·N for equal ones: the least that any allreduce sends. MPI_Allreduce
/// needs fewer hops, which tells where messages are small and links fast. Workspaces are made once: no memory in an
/// allreduce.
public final class Ring {
    /// Values of a message: large enough for the line rate, small enough to be passed on early.
    static let segment = 1 << 13
    /// Floats that a ring holds at most.
    public static let workspace = 16 * segment

    private struct Message {
        let place: Range<Int>
        /// Whether what arrives is added to what stands there, or is the sum.
        let isPart: Bool
        /// Whether it goes on to the next rank.
        let isPassedOn: Bool
        /// The message among those sent before that must have left before this one may arrive in the same place.
        let leavesFirst: Int?
    }

    private let communicator: Communicator
    private let count: Int
    private let first: [Range<Int>]
    private let expected: [Message]
    /// Messages that are expected at a time.
    private let depth: Int
    private let scratch: UnsafeMutablePointer<Float>
    private var sends: [cmpi_request] = []
    private var receives: [cmpi_request] = []
    /// What this rank sends in an allreduce, and what the rank that sends most does: values.
    private let sent: Int
    public let busiest: Int

    /// - Parameter count: the number of values in the buffers that will be summed.
    public init(_ communicator: Communicator, count: Int) {
        self.communicator = communicator
        self.count = count
        let size = communicator.size, rank = communicator.rank, cut = Cut(count, into: size)
        func segments(_ part: Int) -> [Range<Int>] {
            let part = cut[(part % size + size) % size]
            return stride(from: part.lowerBound, to: part.upperBound, by: Self.segment).map {
                $0..<min($0 + Self.segment, part.upperBound)
            }
        }
        first = segments(rank)
        // The places that this rank sends from, each with the message after which it does so.
        var expected: [Message] = [], sends = first.map { (place: $0.lowerBound, after: -1) }
        var depth = Self.workspace / Self.segment
        for hop in 0..<2 * (size - 1) {
            let isPart = hop < size - 1
            for place in segments(isPart ? rank - hop - 1 : rank - hop + size - 1) {
                let isPassedOn = hop + 1 < 2 * (size - 1)
                let leavesFirst = isPart ? nil : sends.lastIndex { $0.place == place.lowerBound }
                if let leavesFirst { depth = min(depth, expected.count - sends[leavesFirst].after) }
                if isPassedOn { sends.append((place.lowerBound, expected.count)) }
                expected.append(Message(place: place, isPart: isPart, isPassedOn: isPassedOn, leavesFirst: leavesFirst))
            }
        }
        self.expected = expected
        self.depth = depth
        sent = Self.sent(by: rank, of: cut)
        busiest = Self.busiest(count: count, ranks: size)
        scratch = .allocate(capacity: depth * Self.segment)
        self.sends.reserveCapacity(sends.count)
        receives.reserveCapacity(expected.count)
    }

    deinit { scratch.deallocate() }

    /// The values that the rank of most sends in an allreduce of `count` values.
    public static func busiest(count: Int, ranks: Int) -> Int {
        let cut = Cut(count, into: ranks)
        return (0..<ranks).map { sent(by: $0, of: cut) }.max()!
    }

    private static func sent(by rank: Int, of cut: Cut) -> Int {
        cut.parts == 1 ? 0 : 2 * cut.total - cut[(rank + 1) % cut.parts].count - cut[(rank + 2) % cut.parts].count
    }

    /// The sum over ranks, element by element, in every rank's `buffer`. An error ends the job here.
    public func allReduce(inPlace buffer: UnsafeMutableBufferPointer<Float>) {
        precondition(buffer.count == count, "a ring is made for buffers of one length")
        communicator.traffic.ring.add(payload: 4 * count, wire: 4 * sent)
        guard communicator.size > 1, let base = buffer.baseAddress else { return }
        sends.removeAll(keepingCapacity: true)
        receives.removeAll(keepingCapacity: true)
        Termination.orAbort { () throws(MPIError) in try passRound(base) }
    }

    private func passRound(_ base: UnsafeMutablePointer<Float>) throws(MPIError) {
        for place in first { try pass(place, base) }
        for index in 0..<min(depth, expected.count) { try expect(index, base) }
        for (index, message) in expected.enumerated() {
            try communicator.finish(&receives[index])
            if message.isPart {
                let to = base + message.place.lowerBound, arrived = scratch + index % depth * Self.segment
                for i in 0..<message.place.count { to[i] += arrived[i] }
            }
            if message.isPassedOn { try pass(message.place, base) }
            if index + depth < expected.count { try expect(index + depth, base) }
        }
        for index in sends.indices { try communicator.finish(&sends[index]) }
    }

    private func expect(_ index: Int, _ base: UnsafeMutablePointer<Float>) throws(MPIError) {
        let message = expected[index]
        if let earlier = message.leavesFirst { try communicator.finish(&sends[earlier]) }
        receives.append(
            try communicator.startReceive(
                message.isPart ? scratch + index % depth * Self.segment : base + message.place.lowerBound,
                Int32(message.place.count), cmpi_float(),
                from: (communicator.rank + communicator.size - 1) % communicator.size))
    }

    private func pass(_ place: Range<Int>, _ base: UnsafeMutablePointer<Float>) throws(MPIError) {
        sends.append(
            try communicator.startSend(
                base + place.lowerBound, Int32(place.count), cmpi_float(),
                to: (communicator.rank + 1) % communicator.size))
    }
}
