internal import CMPI

/// Passes on a few words of 64 bits from neighbour to neighbour without waiting for any of them.
///
/// Neighbours are the ranks ±1, ±2, ±4, … away, the partners of a dissemination barrier (Hensgen, Finkel & Manber
/// 1988): what is passed on is everywhere after ⌈log₂P⌉ rounds at most and finds its way past ranks that are
/// gone. To have all ranks as neighbours would take more connections than a process may open.
///
/// Costs at launch one communicator and 4·⌈log₂P⌉ empty messages a rank, which open the connections: Open MPI
/// 4.1 ends a process that opens its first one when the network is gone. One thread at a time: who shares it holds a
/// lock.
final class Neighbours: @unchecked Sendable {
    /// Between two ranks, at most: libraries take them in turn (Open MPI: `btl_tcp_links`) and open each when it is its
    /// turn.
    private static let connections = 4

    private let communicator: Communicator
    private let ranks: [Int]
    private let words: Int
    private let inbox: UnsafeMutablePointer<UInt64>
    /// One for each neighbour: what is under way to a dead one stays there.
    private let outboxes: UnsafeMutablePointer<UInt64>
    private var requests: [cmpi_request]

    /// Collective; the communicator becomes this object's own.
    // int MPI_Sendrecv(const void *sendbuf, int sendcount, MPI_Datatype sendtype, int dest, int sendtag, void *recvbuf,
    //                  int recvcount, MPI_Datatype recvtype, int source, int recvtag, MPI_Comm comm, MPI_Status
    //                  *status)
    init(_ communicator: Communicator, words: Int) throws(MPIError) {
        let (rank, size) = (communicator.rank, communicator.size)
        var ranks: Set<Int> = []
        var distance = 1
        while distance < size {
            let (above, below) = ((rank + distance) % size, (rank + size - distance) % size)
            for _ in 0..<Self.connections {
                try perform(.sendReceive) {
                    MPI_Sendrecv(
                        nil, 0, cmpi_uint8().v, Int32(above), 0, nil, 0, cmpi_uint8().v, Int32(below), 0,
                        communicator.handle.v, cmpi_status_ignore())
                }
            }
            ranks.formUnion([above, below])
            distance *= 2
        }
        self.communicator = communicator
        self.ranks = ranks.sorted()
        self.words = words
        inbox = .allocate(capacity: words)
        outboxes = .allocate(capacity: words * ranks.count)
        requests = [cmpi_request](repeating: cmpi_request_null(), count: ranks.count)
    }

    deinit {
        for index in requests.indices { MPI_Wait(&requests[index].v, cmpi_status_ignore()) }
        inbox.deallocate()
        outboxes.deallocate()
    }

    /// To every neighbour, except those to whom the last message is still under way.
    // int MPI_Isend(const void *buf, int count, MPI_Datatype datatype, int dest, int tag, MPI_Comm comm,
    //               MPI_Request *request)
    func send(_ message: [UInt64]) {
        for (index, neighbour) in ranks.enumerated() {
            var done: Int32 = 0
            MPI_Test(&requests[index].v, &done, cmpi_status_ignore())
            guard done != 0 else { continue }
            let outbox = outboxes + index * words
            outbox.update(from: message, count: words)
            MPI_Isend(
                outbox, Int32(8 * words), cmpi_uint8().v, Int32(neighbour), 0, communicator.handle.v,
                &requests[index].v)
        }
    }

    /// Calls `body` with each message that has come, and returns when there is none.
    // int MPI_Iprobe(int source, int tag, MPI_Comm comm, int *flag, MPI_Status *status)
    // int MPI_Recv(void *buf, int count, MPI_Datatype datatype, int source, int tag, MPI_Comm comm, MPI_Status *status)
    func receive(_ body: (UnsafePointer<UInt64>) -> Void) {
        while true {
            var isThere: Int32 = 0
            MPI_Iprobe(MPI_ANY_SOURCE, 0, communicator.handle.v, &isThere, cmpi_status_ignore())
            guard isThere != 0 else { return }
            MPI_Recv(
                inbox, Int32(8 * words), cmpi_uint8().v, MPI_ANY_SOURCE, 0, communicator.handle.v,
                cmpi_status_ignore())
            body(inbox)
        }
    }
}
