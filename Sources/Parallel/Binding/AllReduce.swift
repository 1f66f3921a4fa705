internal import CMPI

extension Communicator {
    /// Every rank's values reduced, element by element, into every rank's `buffer`.
    ///
    /// One collective; nominally 2(P−1)/P of the buffer's bytes on the wire. All ranks give the same count.
    @inlinable
    public func allReduce<T: MPIScalar>(
        inPlace buffer: UnsafeMutableBufferPointer<T>, _ op: Reduction = .sum
    ) throws(MPIError) {
        try reduceToAll(nil, buffer.baseAddress, buffer.count, T.mpiType, op)
    }

    /// The same out of place: `source` stays as it is. The buffers have the same count and do not overlap.
    @inlinable
    public func allReduce<T: MPIScalar>(
        _ source: UnsafeBufferPointer<T>, into target: UnsafeMutableBufferPointer<T>, _ op: Reduction = .sum
    ) throws(MPIError) {
        precondition(source.count == target.count, "source and target have the same count")
        try reduceToAll(source.baseAddress, target.baseAddress, source.count, T.mpiType, op)
    }

    /// One value of every rank, reduced. One collective.
    @inlinable
    public func allReduce<T: MPIScalar>(_ value: T, _ op: Reduction = .sum) throws(MPIError) -> T {
        var result = value
        try withUnsafeMutablePointer(to: &result) { pointer throws(MPIError) in
            try reduceToAll(nil, pointer, 1, T.mpiType, op)
        }
        return result
    }

    /// `source` nil: in place.
    // int MPI_Allreduce(const void *sendbuf, void *recvbuf, int count, MPI_Datatype datatype, MPI_Op op, MPI_Comm comm)
    @usableFromInline
    func reduceToAll(
        _ source: UnsafeRawPointer?, _ target: UnsafeMutableRawPointer?, _ count: Int, _ type: MPIType, _ op: Reduction
    ) throws(MPIError) {
        let bytes = count * type.size
        traffic.allReduce.add(payload: bytes, wire: 2 * (size - 1) * bytes / size)
        let datatype = type.datatype
        let operation = op.operation
        try inPieces(count) { offset, n throws(MPIError) in
            let from = source.map { $0 + offset * type.size } ?? UnsafeRawPointer(cmpi_in_place())
            let to = target! + offset * type.size
            try perform(.allReduce) { MPI_Allreduce(from, to, n, datatype.v, operation.v, handle.v) }
        }
    }
}
