internal import CMPI

// Parts that go straight from rank to rank, in messages of our own: an MPI library that is asked for such a collective takes up to twice
// as long on slow links (docs/SCALING.md), and could not be asked by all ranks where the buffers of some pass its 32-bit counts. An error
// ends the job here, as `Parallel.run` would: MPI may still write to buffers that an error would give away.
extension Communicator {
    /// Part q of every rank's `source` goes to rank q, which gets those of all ranks in `target`, ordered by rank.
    ///
    /// A rank sends what is for others, N − n_r values of the N in `source`. The buffers do not overlap.
    ///
    /// - Parameters:
    ///   - sent: the parts of `source`.
    ///   - received: the parts of `target`: as long as the others' part for this rank.
    public func allToAll<T: MPIScalar>(
        _ source: UnsafeBufferPointer<T>, _ sent: Shares, into target: UnsafeMutableBufferPointer<T>, _ received: Shares
    ) {
        precondition(source.count == sent.total && target.count == received.total, "the buffers hold a part for each rank")
        precondition(sent[rank].count == received[rank].count, "a rank keeps its own part")
        check(sent)
        check(received)
        let own = sent[rank]
        traffic.allToAll.add(payload: sent.total * T.mpiType.size, wire: (sent.total - own.count) * T.mpiType.size)
        deliver(
            { UnsafeBufferPointer(rebasing: source[sent[$0]]) }, { UnsafeMutableBufferPointer(rebasing: target[received[$0]]) })
        if !own.isEmpty {
            (target.baseAddress! + received[rank].lowerBound).update(from: source.baseAddress! + own.lowerBound, count: own.count)
        }
    }

    /// Fills every rank's `buffer` with the parts of all ranks; a rank's own part is already in its place. It is sent (P−1) times.
    public func allGather<T: MPIScalar>(inPlace buffer: UnsafeMutableBufferPointer<T>, shares: Shares) {
        precondition(buffer.count == shares.total, "the buffer holds the shares of all ranks")
        check(shares)
        let own = UnsafeBufferPointer(rebasing: buffer[shares[rank]])
        traffic.allGather.add(payload: own.count * T.mpiType.size, wire: (size - 1) * own.count * T.mpiType.size)
        deliver({ _ in own }, { UnsafeMutableBufferPointer(rebasing: buffer[shares[$0]]) })
    }

    /// Sends and receives what is for and from each other rank, all at once.
    private func deliver<T: MPIScalar>(_ sent: (Int) -> UnsafeBufferPointer<T>, _ received: (Int) -> UnsafeMutableBufferPointer<T>) {
        let type = T.mpiType
        do throws(MPIError) {
            for step in 1..<size {
                let from = (rank + size - step) % size, target = received(from)
                try inMessages(target.count, type) { offset, n throws(MPIError) in
                    messages.append(try startReceive(target.baseAddress! + offset, n, type, from: from))
                }
            }
            for step in 1..<size {
                let to = (rank + step) % size, source = sent(to)
                try inMessages(source.count, type) { offset, n throws(MPIError) in
                    messages.append(try startSend(source.baseAddress! + offset, n, type, to: to))
                }
            }
            for index in messages.indices { try finish(&messages[index]) }
        } catch {
            JobEnd.abort(error)
        }
        messages.removeAll(keepingCapacity: true)
    }

    /// Calls `body` with pieces that leave at once: what is larger than libraries send without asking the receiver first, 64 KiB over TCP
    /// in Open MPI, waits for its answer. At most 64 pieces.
    private func inMessages(
        _ count: Int, _ type: MPIType, _ body: (_ offset: Int, _ count: Int32) throws(MPIError) -> Void
    ) throws(MPIError) {
        let piece = min(largestCount, max(Ring.segment * 4 / type.size, (count + 63) / 64))
        var offset = 0
        while offset < count {
            let n = min(piece, count - offset)
            try body(offset, Int32(n))
            offset += n
        }
    }
}
