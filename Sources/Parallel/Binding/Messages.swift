internal import CMPI

/// Parts on their way straight from rank to rank while the caller computes, in messages of our own: an MPI library that
/// is asked for such a collective takes up to twice as long on slow links (docs/SCALING.md), and could not be asked by
/// all ranks where the buffers of some pass its 32-bit counts.
///
/// All ranks start the same exchanges in the same order, those of all `Messages` of a communicator taken together, and
/// end each by `finish`. Until then buffers given here belong to MPI: what is sent may be read, what is filled may not,
/// and both stay where they are. An error ends the job here, as `Parallel.run` would: MPI may still write to buffers
/// that an error would give away.
///
/// The first exchange on a communicator asks whether all ranks share a machine, one collective
/// (`Communicator.messageCapacity`).
public final class Messages {
    private let communicator: Communicator
    /// Kept, so that no exchange but the first needs memory.
    private var underWay: [cmpi_request] = []

    /// - Parameter communicator: the ranks that they travel between; a `Ring` on it counts among its `Messages`.
    public init(_ communicator: Communicator) { self.communicator = communicator }

    /// Starts: part q of every rank's `source` goes to rank q, which gets those of all ranks in `target`, ordered by
    /// rank. A rank's own part is copied where `received` has a place for it.
    ///
    /// A rank sends what is for others, N − n_r values of the N in `sent`. The buffers do not overlap.
    ///
    /// - Parameters:
    ///   - sent: the parts of `source`.
    ///   - received: the parts of `target`: as long as the others' part for this rank; its own, in one run as it is
    ///     sent, or nothing.
    public func allToAll<T: MPIScalar>(
        _ source: UnsafeBufferPointer<T>, _ sent: Parts<T>,
        into target: UnsafeMutableBufferPointer<T>, _ received: Parts<T>
    ) {
        check(sent, source.count)
        check(received, target.count)
        let own = sent[communicator.rank], place = received[communicator.rank]
        precondition(place.count == 0 || own.count == place.count && own.runs.count == 1, "a rank keeps its own part")
        communicator.traffic.allToAll.add(
            payload: sent.total * T.mpiType.size, wire: (sent.total - own.count) * T.mpiType.size)
        start(source.baseAddress, { sent[$0] }, target.baseAddress, { received[$0] })
        if let place = place.runs.first {
            let from = source.baseAddress! + own.runs[0].lowerBound
            (target.baseAddress! + place.lowerBound).update(from: from, count: own.count)
        }
    }

    /// Starts to fill every rank's `buffer` with the parts of all ranks; a rank's own part is already in its place. It
    /// is sent (P−1) times.
    public func allGather<T: MPIScalar>(inPlace buffer: UnsafeMutableBufferPointer<T>, _ parts: Parts<T>) {
        check(parts, buffer.count)
        let own = parts[communicator.rank], bytes = own.count * T.mpiType.size
        communicator.traffic.allGather.add(payload: bytes, wire: (communicator.size - 1) * bytes)
        start(UnsafePointer(buffer.baseAddress), { _ in own }, buffer.baseAddress, { parts[$0] })
    }

    /// Lets MPI work. Most libraries move little between calls, so a long computation calls this now and then.
    // int MPI_Test(MPI_Request *request, int *flag, MPI_Status *status)
    public func progress() {
        Termination.orAbort { () throws(MPIError) in
            for index in underWay.indices {
                var done: Int32 = 0
                try perform(.test) { MPI_Test(&underWay[index].v, &done, cmpi_status_ignore()) }
                if done == 0 { return }
            }
        }
    }

    /// Waits until all that was started is sent and has arrived.
    public func finish() {
        Termination.orAbort { () throws(MPIError) in
            for index in underWay.indices { try communicator.finish(&underWay[index]) }
        }
        underWay.removeAll(keepingCapacity: true)
    }

    private func check<T>(_ parts: Parts<T>, _ count: Int) {
        let ranks = communicator.size
        precondition(parts.ranks == ranks, "parts are one a rank: \(ranks) ranks, \(parts.ranks) parts")
        precondition(parts.end <= count, "the buffer holds the parts of all ranks")
    }

    /// Sends and receives what is for and from each other rank, all at once.
    private func start<T: MPIScalar>(
        _ source: UnsafePointer<T>?, _ sent: (Int) -> Parts<T>.Part,
        _ target: UnsafeMutablePointer<T>?, _ received: (Int) -> Parts<T>.Part
    ) {
        let rank = communicator.rank, size = communicator.size
        Termination.orAbort { () throws(MPIError) in
            for step in 1..<size {
                let from = (rank + size - step) % size
                try inMessages(received(from)) { offset, n, type throws(MPIError) in
                    underWay.append(try communicator.startReceive(target! + offset, n, type, from: from))
                }
            }
            for step in 1..<size {
                let to = (rank + step) % size
                try inMessages(sent(to)) { offset, n, type throws(MPIError) in
                    underWay.append(try communicator.startSend(source! + offset, n, type, to: to))
                }
            }
        }
    }

    /// Calls `body` with a part that is several runs, or with pieces of its run that leave at once. At most 1024
    /// pieces, whose requests MPI keeps.
    private func inMessages<T>(
        _ part: Parts<T>.Part, _ body: (_ offset: Int, _ count: Int32, _ type: cmpi_datatype) throws(MPIError) -> Void
    ) throws(MPIError) {
        guard let run = part.runs.first else { return }
        let capacity = communicator.messageCapacity(of: T.self)
        if let datatype = part.datatype {
            precondition(
                part.count <= capacity, "several runs are one message: \(part.count) values, at most \(capacity)")
            return try body(run.lowerBound, 1, datatype)
        }
        let piece = min(communicator.largestCount, max(capacity, (run.count + 1023) / 1024))
        for offset in stride(from: run.lowerBound, to: run.upperBound, by: piece) {
            try body(offset, Int32(min(piece, run.upperBound - offset)), T.mpiType.datatype)
        }
    }
}

extension Communicator {
    /// How many values a message of `Messages` carries, which leaves at once, as a ring's segment does: over TCP Open
    /// MPI sends up to 64 KiB without asking the receiver first. Where all ranks share a machine it asks anyway, from 4
    /// KiB on, and few large messages are faster (docs/SCALING.md).
    ///
    /// Asks whether they do at the first use: one collective.
    public func messageCapacity<T: MPIScalar>(of: T.Type) -> Int {
        let bytes = Termination.orAbort { () throws(MPIError) in try isOneHost() } ? 1 << 20 : 4 * Ring.segment
        return min(largestCount, bytes / T.mpiType.size)
    }
}
