internal import CMPI

extension Communicator {
    /// A message on its way to a rank. `buffer` belongs to MPI until the request is done.
    // int MPI_Isend(const void *buf, int count, MPI_Datatype datatype, int dest, int tag, MPI_Comm comm,
    //               MPI_Request *request)
    func startSend(
        _ buffer: UnsafeRawPointer, _ count: Int32, _ type: cmpi_datatype, to rank: Int
    ) throws(MPIError) -> cmpi_request {
        var request = cmpi_request_null()
        try perform(.startSend) { MPI_Isend(buffer, count, type.v, Int32(rank), 0, handle.v, &request.v) }
        return request
    }

    /// A message expected from a rank, of that count at most. Messages of one rank arrive in the order in which it sent
    /// them.
    // int MPI_Irecv(void *buf, int count, MPI_Datatype datatype, int source, int tag, MPI_Comm comm,
    //               MPI_Request *request)
    func startReceive(
        _ buffer: UnsafeMutableRawPointer, _ count: Int32, _ type: cmpi_datatype, from rank: Int
    ) throws(MPIError) -> cmpi_request {
        var request = cmpi_request_null()
        try perform(.startReceive) { MPI_Irecv(buffer, count, type.v, Int32(rank), 0, handle.v, &request.v) }
        return request
    }

    /// Waits until the buffer of a message is the caller's again; at once where the request is done already.
    // int MPI_Wait(MPI_Request *request, MPI_Status *status)
    func finish(_ request: inout cmpi_request) throws(MPIError) {
        try perform(.wait) { MPI_Wait(&request.v, cmpi_status_ignore()) }
    }
}
