internal import CMPI
import Glibc
import Partition

extension Communicator {
    /// The sum over ranks of `source`; each rank gets the part that it owns, `shares[rank]`, in `share`.
    ///
    /// One collective; a rank sends the N − n_r values that others own. `source` has `shares.total` values, `share`
    /// `shares[rank].count`; they do not overlap.
    @inlinable
    public func reduceScatter<T: MPIScalar>(
        _ source: UnsafeBufferPointer<T>, into share: UnsafeMutableBufferPointer<T>, shares: Cut
    ) throws(MPIError) {
        precondition(source.count == shares.total, "the source holds the shares of all ranks")
        precondition(share.count == shares[rank].count, "a rank gets its share")
        try sumToOwners(source.baseAddress, share.baseAddress, T.mpiType, self.shares(shares))
    }

    /// The same in place: the rank's part of the sum lands where it belongs in `buffer`, `shares[rank]`; the rest is
    /// scratch afterwards. `allGather(inPlace:)` completes it. Moves the n_r values once more than the form out of
    /// place.
    @inlinable
    public func reduceScatter<T: MPIScalar>(
        inPlace buffer: UnsafeMutableBufferPointer<T>, shares: Cut
    ) throws(MPIError) {
        precondition(buffer.count == shares.total, "the buffer holds the shares of all ranks")
        try sumToOwners(nil, buffer.baseAddress, T.mpiType, self.shares(shares))
    }

    /// `source` nil: in place, `target` is the whole buffer. Otherwise `target` is the share.
    // int MPI_Reduce_scatter(const void *sendbuf, void *recvbuf, const int recvcounts[], MPI_Datatype datatype,
    //                        MPI_Op op, MPI_Comm comm)
    @usableFromInline
    func sumToOwners(
        _ source: UnsafeRawPointer?, _ target: UnsafeMutableRawPointer?, _ type: MPIType, _ shares: Shares
    ) throws(MPIError) {
        check(shares)
        let own = shares[rank]
        let bytes = shares.total * type.size
        traffic.reduceScatter.add(payload: bytes, wire: size == 1 ? 0 : bytes - own.count * type.size)
        guard bytes > 0 else { return }
        guard shares.total <= largestCount else { return try sumToEachOwner(source, target, type, shares) }
        let datatype = type.datatype
        let sum = Reduction.sum.operation
        let from = source ?? UnsafeRawPointer(cmpi_in_place())
        try perform(.reduceScatter) { MPI_Reduce_scatter(from, target, shares.counts, datatype.v, sum.v, handle.v) }
        // MPI leaves an in-place result at the buffer's start
        if source == nil, let target, own.lowerBound > 0 {
            memmove(target + own.lowerBound * type.size, target, own.count * type.size)
        }
    }

    /// Shares whose total is too large for MPI's 32-bit counts: one reduction to each owner.
    // int MPI_Reduce(const void *sendbuf, void *recvbuf, int count, MPI_Datatype datatype, MPI_Op op, int root,
    //                MPI_Comm comm)
    private func sumToEachOwner(
        _ source: UnsafeRawPointer?, _ target: UnsafeMutableRawPointer?, _ type: MPIType, _ shares: Shares
    ) throws(MPIError) {
        let datatype = type.datatype
        let sum = Reduction.sum.operation
        for owner in 0..<size {
            let start = shares[owner].lowerBound
            try inPieces(shares[owner].count) { offset, n throws(MPIError) in
                let position = (start + offset) * type.size
                var from = (source ?? UnsafeRawPointer(target!)) + position
                var to: UnsafeMutableRawPointer?
                if owner == rank {
                    to = target! + (source == nil ? position : offset * type.size)
                    if source == nil { from = UnsafeRawPointer(cmpi_in_place()) }
                }
                try perform(.reduce) { MPI_Reduce(from, to, n, datatype.v, sum.v, Int32(owner), handle.v) }
            }
        }
    }
}
