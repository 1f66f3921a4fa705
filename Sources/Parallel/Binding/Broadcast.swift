internal import CMPI

extension Communicator {
    /// The root's values into every rank's `buffer`. All ranks give the same count and root.
    ///
    /// One collective; nominally (P−1)/P of the buffer's bytes a rank on the wire.
    // int MPI_Bcast(void *buffer, int count, MPI_Datatype datatype, int root, MPI_Comm comm)
    @inlinable
    public func broadcast<T: MPIScalar>(_ buffer: UnsafeMutableBufferPointer<T>, from root: Int) throws(MPIError) {
        try broadcast(buffer.baseAddress, buffer.count, T.mpiType, root)
    }

    @usableFromInline
    func broadcast(_ buffer: UnsafeMutableRawPointer?, _ count: Int, _ type: MPIType, _ root: Int) throws(MPIError) {
        let bytes = count * type.size
        traffic.broadcast.add(payload: rank == root ? bytes : 0, wire: (size - 1) * bytes / size)
        try sendFromRoot(buffer, count, type, root)
    }

    /// The calls of a broadcast, uncounted: a large allgather is made of them too.
    func sendFromRoot(_ buffer: UnsafeMutableRawPointer?, _ count: Int, _ type: MPIType, _ root: Int) throws(MPIError) {
        let datatype = type.datatype
        try inPieces(count) { offset, n throws(MPIError) in
            let piece = buffer! + offset * type.size
            try perform(.broadcast) { MPI_Bcast(piece, n, datatype.v, Int32(root), handle.v) }
        }
    }
}
