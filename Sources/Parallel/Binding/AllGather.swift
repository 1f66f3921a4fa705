internal import CMPI
import Partition

extension Communicator {
    /// Fills every rank's `buffer` with the parts of all ranks; a rank's own part, `shares[rank]`, is already in its
    /// place.
    ///
    /// One collective; a rank sends its part (P−1) times. `buffer` has `shares.total` values.
    @inlinable
    public func allGather<T: MPIScalar>(inPlace buffer: UnsafeMutableBufferPointer<T>, shares: Cut) throws(MPIError) {
        precondition(buffer.count == shares.total, "the buffer holds the shares of all ranks")
        try gatherToAll(nil, buffer.baseAddress, T.mpiType, self.shares(shares))
    }

    /// The same out of place: `share` has `shares[rank].count` values and does not overlap `target`.
    @inlinable
    public func allGather<T: MPIScalar>(
        _ share: UnsafeBufferPointer<T>, into target: UnsafeMutableBufferPointer<T>, shares: Cut
    ) throws(MPIError) {
        precondition(share.count == shares[rank].count, "a rank gives its share")
        precondition(target.count == shares.total, "the target holds the shares of all ranks")
        try gatherToAll(share.baseAddress, target.baseAddress, T.mpiType, self.shares(shares))
    }

    /// The bytes of every rank in rank order, for set-up: it allocates. One collective.
    ///
    /// - Precondition: `own` is as long on every rank.
    package func allGather(_ own: [UInt8]) throws(MPIError) -> [[UInt8]] {
        let shares = Cut(size, into: size).scaled(by: own.count)
        var all = [UInt8](repeating: 0, count: shares.total)
        all.replaceSubrange(shares[rank], with: own)
        try all.withUnsafeMutableBufferPointer { buffer throws(MPIError) in
            try allGather(inPlace: buffer, shares: shares)
        }
        return (0..<size).map { Array(all[shares[$0]]) }
    }

    /// The host of every rank in rank order, for set-up: it allocates. One collective of 64 bytes a rank.
    public func hostNames() throws(MPIError) -> [String] {
        let length = 64  // of a name, Linux's limit
        let name = hostName.utf8.prefix(length)
        let names = try allGather(name + [UInt8](repeating: 0, count: length - name.count))
        return names.map { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    /// `share` nil: in place (or empty, which is the same).
    // int MPI_Allgatherv(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf,
    //                    const int recvcounts[], const int displs[], MPI_Datatype recvtype, MPI_Comm comm)
    @usableFromInline
    func gatherToAll(
        _ share: UnsafeRawPointer?, _ target: UnsafeMutableRawPointer?, _ type: MPIType, _ shares: Shares
    ) throws(MPIError) {
        check(shares)
        let own = shares[rank]
        traffic.allGather.add(payload: own.count * type.size, wire: (size - 1) * own.count * type.size)
        guard shares.total > 0, let target else { return }
        guard shares.total <= largestCount else {
            // too large for MPI's 32-bit displacements: each owner sends its part
            if let share {
                (target + own.lowerBound * type.size).copyMemory(from: share, byteCount: own.count * type.size)
            }
            for owner in 0..<size {
                try sendFromRoot(target + shares[owner].lowerBound * type.size, shares[owner].count, type, owner)
            }
            return
        }
        let datatype = type.datatype
        let from = share ?? UnsafeRawPointer(cmpi_in_place())
        let count = Int32(own.count)
        try perform(.allGather) {
            MPI_Allgatherv(from, count, datatype.v, target, shares.counts, shares.displacements, datatype.v, handle.v)
        }
    }
}
