internal import CMPI

/// Parts on their way straight from rank to rank while the caller computes, in messages of our own: an MPI library that is asked for such
/// a collective takes up to twice as long on slow links (docs/SCALING.md), and could not be asked by all ranks where the buffers of some
/// pass its 32-bit counts.
///
/// All ranks start the same exchanges in the same order, those of all `Messages` of a communicator taken together, and end each by
/// `finish`. Until then buffers given here belong to MPI: what is sent may be read, what is filled may not, and both stay where they are.
/// An error ends the job here, as `Parallel.run` would: MPI may still write to buffers that an error would give away.
///
/// The first exchange on a communicator asks whether all ranks share a machine, one collective.
public final class Messages {
    private let communicator: Communicator
    /// Kept, so that no exchange but the first needs memory.
    private var underWay: [cmpi_request] = []

    /// - Parameter communicator: of the ranks that they travel between; a `Ring` on it counts among its `Messages`.
    public init(_ communicator: Communicator) { self.communicator = communicator }

    /// Starts: part q of every rank's `source` goes to rank q, which gets those of all ranks in `target`, ordered by rank. A rank's own part
    /// is copied where `received` has a place for it.
    ///
    /// A rank sends what is for others, N − n_r values of the N in `source`. The buffers do not overlap.
    ///
    /// - Parameters:
    ///   - sent: the parts of `source`.
    ///   - received: the parts of `target`: as long as the others' part for this rank; its own, or nothing.
    public func allToAll<T: MPIScalar>(
        _ source: UnsafeBufferPointer<T>, _ sent: Shares, into target: UnsafeMutableBufferPointer<T>, _ received: Shares
    ) {
        precondition(source.count == sent.total && target.count == received.total, "the buffers hold a part for each rank")
        communicator.check(sent)
        communicator.check(received)
        let own = sent[communicator.rank], place = received[communicator.rank]
        precondition(place.isEmpty || own.count == place.count, "a rank keeps its own part")
        communicator.traffic.allToAll.add(payload: sent.total * T.mpiType.size, wire: (sent.total - own.count) * T.mpiType.size)
        start({ UnsafeBufferPointer(rebasing: source[sent[$0]]) }, { UnsafeMutableBufferPointer(rebasing: target[received[$0]]) })
        if !place.isEmpty { (target.baseAddress! + place.lowerBound).update(from: source.baseAddress! + own.lowerBound, count: own.count) }
    }

    /// Starts to fill every rank's `buffer` with the parts of all ranks; a rank's own part is already in its place. It is sent (P−1) times.
    public func allGather<T: MPIScalar>(inPlace buffer: UnsafeMutableBufferPointer<T>, _ shares: Shares) {
        precondition(buffer.count == shares.total, "the buffer holds the shares of all ranks")
        communicator.check(shares)
        let own = UnsafeBufferPointer(rebasing: buffer[shares[communicator.rank]]), bytes = own.count * T.mpiType.size
        communicator.traffic.allGather.add(payload: bytes, wire: (communicator.size - 1) * bytes)
        start({ _ in own }, { UnsafeMutableBufferPointer(rebasing: buffer[shares[$0]]) })
    }

    /// Lets MPI work. Most libraries move little between calls, so a long computation calls this now and then.
    // int MPI_Test(MPI_Request *request, int *flag, MPI_Status *status)
    public func progress() {
        orEnd { () throws(MPIError) in
            for index in underWay.indices {
                var done: Int32 = 0
                try perform(.test) { MPI_Test(&underWay[index].v, &done, cmpi_status_ignore()) }
                if done == 0 { return }
            }
        }
    }

    /// Waits until all that was started is sent and has arrived.
    public func finish() {
        orEnd { () throws(MPIError) in
            for index in underWay.indices { try communicator.finish(&underWay[index]) }
        }
        underWay.removeAll(keepingCapacity: true)
    }

    /// Sends and receives what is for and from each other rank, all at once.
    private func start<T: MPIScalar>(_ sent: (Int) -> UnsafeBufferPointer<T>, _ received: (Int) -> UnsafeMutableBufferPointer<T>) {
        let type = T.mpiType, rank = communicator.rank, size = communicator.size
        orEnd { () throws(MPIError) in
            for step in 1..<size {
                let from = (rank + size - step) % size, target = received(from)
                try inMessages(target.count, type) { offset, n throws(MPIError) in
                    underWay.append(try communicator.startReceive(target.baseAddress! + offset, n, type, from: from))
                }
            }
            for step in 1..<size {
                let to = (rank + step) % size, source = sent(to)
                try inMessages(source.count, type) { offset, n throws(MPIError) in
                    underWay.append(try communicator.startSend(source.baseAddress! + offset, n, type, to: to))
                }
            }
        }
    }

    /// Calls `body` with pieces that leave at once, as a ring's segments do: over TCP Open MPI sends up to 64 KiB without asking the
    /// receiver first. Where all ranks share a machine it asks anyway, from 4 KiB on, and few large pieces are faster (docs/SCALING.md).
    /// At most 1024 pieces, whose requests MPI keeps.
    private func inMessages(
        _ count: Int, _ type: MPIType, _ body: (_ offset: Int, _ count: Int32) throws(MPIError) -> Void
    ) throws(MPIError) {
        let bytes = try communicator.isOneHost() ? 1 << 20 : 4 * Ring.segment
        let piece = min(communicator.largestCount, max(bytes / type.size, (count + 1023) / 1024))
        var offset = 0
        while offset < count {
            let n = min(piece, count - offset)
            try body(offset, Int32(n))
            offset += n
        }
    }

    private func orEnd(_ body: () throws(MPIError) -> Void) {
        do throws(MPIError) { try body() } catch { JobEnd.abort(error) }
    }
}
