internal import CMPI

extension Communicator {
    /// Part q of every rank's `source` goes straight to rank q, which gets those of all ranks in `target`, ordered by rank.
    ///
    /// P − 1 messages; a rank sends what is for others, N − n_r values of the N in `source`. The buffers do not overlap. Messages instead
    /// of MPI_Alltoallv: which does the same, but could not be asked for by all ranks where the buffers of some pass its 32-bit counts.
    ///
    /// - Parameters:
    ///   - sent: the parts of `source`.
    ///   - received: the parts of `target`: as long as the others' part for this rank.
    public func allToAll<T: MPIScalar>(
        _ source: UnsafeBufferPointer<T>, _ sent: Shares, into target: UnsafeMutableBufferPointer<T>, _ received: Shares
    ) throws(MPIError) {
        precondition(source.count == sent.total && target.count == received.total, "the buffers hold a part for each rank")
        precondition(sent[rank].count == received[rank].count, "a rank keeps its own part")
        check(sent)
        check(received)
        let type = T.mpiType, own = sent[rank]
        traffic.allToAll.add(payload: sent.total * type.size, wire: (sent.total - own.count) * type.size)
        for step in 1..<max(size, 1) {
            let from = (rank + size - step) % size, place = received[from].lowerBound
            try inPieces(received[from].count) { offset, n throws(MPIError) in
                messages.append(try startReceive(target.baseAddress! + place + offset, n, type, from: from))
            }
        }
        for step in 1..<max(size, 1) {
            let to = (rank + step) % size, place = sent[to].lowerBound
            try inPieces(sent[to].count) { offset, n throws(MPIError) in
                messages.append(try startSend(source.baseAddress! + place + offset, n, type, to: to))
            }
        }
        if !own.isEmpty { (target.baseAddress! + received[rank].lowerBound).update(from: source.baseAddress! + own.lowerBound, count: own.count) }
        for index in messages.indices { try finish(&messages[index]) }
        messages.removeAll(keepingCapacity: true)
    }
}
