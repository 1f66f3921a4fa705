internal import CMPI
import Partition

/// Collectives under way while the caller computes; see `Communicator.overlap`.
///
/// Costs, counts and arguments are those of the blocking forms. Until `overlap` returns, buffers given here belong to
/// MPI: they are neither read nor written (the source of a reduction may be read), and they outlive the closure.
public struct Overlap: ~Copyable {
    @usableFromInline
    let communicator: Communicator

    /// Starts `Communicator.allReduce(inPlace:)`.
    @inlinable
    public func allReduce<T: MPIScalar>(inPlace buffer: UnsafeMutableBufferPointer<T>, _ op: Reduction = .sum) throws(MPIError) {
        try communicator.reduceToAll(nil, buffer.baseAddress, buffer.count, T.mpiType, op, .overlapped)
    }

    /// Starts `Communicator.allGather(inPlace:shares:)`.
    @inlinable
    public func allGather<T: MPIScalar>(inPlace buffer: UnsafeMutableBufferPointer<T>, shares: Cut) throws(MPIError) {
        precondition(buffer.count == shares.total, "the buffer holds the shares of all ranks")
        try communicator.gatherToAll(nil, buffer.baseAddress, T.mpiType, communicator.shares(shares), .overlapped)
    }

    /// Starts `Communicator.reduceScatter(_:into:shares:)`.
    @inlinable
    public func reduceScatter<T: MPIScalar>(
        _ source: UnsafeBufferPointer<T>, into share: UnsafeMutableBufferPointer<T>, shares: Cut
    ) throws(MPIError) {
        precondition(source.count == shares.total, "the source holds the shares of all ranks")
        precondition(share.count == shares[communicator.rank].count, "a rank gets its share")
        try communicator.sumToOwners(source.baseAddress, share.baseAddress, T.mpiType, communicator.shares(shares), .overlapped)
    }

    /// Lets MPI work. Most libraries move nothing between calls, so a long computation calls this now and then.
    // int MPI_Test(MPI_Request *request, int *flag, MPI_Status *status)
    public func progress() throws(MPIError) {
        for index in communicator.requests.indices {
            var done: Int32 = 0
            try perform(.test) { MPI_Test(&communicator.requests[index].v, &done, cmpi_status_ignore()) }
            if done == 0 { return }
        }
    }
}

extension Communicator {
    /// Runs `body`, which may start collectives, and waits for all of them before it returns: no request can be
    /// forgotten, and a buffer that is valid around this call is valid as long as MPI needs it.
    ///
    /// An error that not all ranks know of ends the job here, as `Parallel.run` would: waiting for operations that the
    /// others may never join could hang, and returning would give their buffers away. Scopes of one communicator do not nest.
    public func overlap<R>(_ body: (borrowing Overlap) throws -> R) throws -> R {
        precondition(requests.isEmpty, "scopes of one communicator do not nest")
        do {
            let result = try body(Overlap(communicator: self))
            try waitForAll()
            return result
        } catch {
            guard allKnow(of: error) else { Termination.abort(error) }
            try waitForAll()
            throw error
        }
    }

    // int MPI_Wait(MPI_Request *request, MPI_Status *status)
    private func waitForAll() throws(MPIError) {
        for index in requests.indices {
            try perform(.wait) { MPI_Wait(&requests[index].v, cmpi_status_ignore()) }
        }
        requests.removeAll(keepingCapacity: true)
    }
}
