internal import CMPI
import Partition

/// All ranks of the job, as they talk to each other. Its operations are collective: all ranks call the same ones in the
/// same order.
///
/// One thread at a time. No operation on buffers allocates memory in Swift (a `Cut` is remembered at its first use).
/// Every operation throws `MPIError` and is under the deadline of `Parallel.run`.
public final class Communicator {
    /// Who frees the handle: MPI's own communicators are borrowed, those made here are owned.
    enum Ownership { case borrowed, owned }

    /// This rank, 0 ..< size.
    public let rank: Int
    /// The number of ranks.
    public let size: Int
    /// The name of the machine that this rank runs on.
    public let hostName: String
    /// What this rank has handed to MPI through this communicator.
    public internal(set) var traffic = Traffic()

    let handle: cmpi_comm
    private let ownership: Ownership
    /// The largest count of one MPI call. Tests make it small; larger counts are cut by `inPieces`.
    package var largestCount = Int(Int32.max)
    var tables: [Cut: Shares] = [:]
    /// Whether all ranks share a machine's memory, as MPI sees it; nil: not asked yet.
    private var oneHost: Bool?

    /// Rank 0 prints and writes files.
    public var isRoot: Bool { rank == 0 }

    // int MPI_Comm_rank(MPI_Comm comm, int *rank); int MPI_Comm_size(MPI_Comm comm, int *size)
    init(_ handle: cmpi_comm, _ ownership: Ownership) throws(MPIError) {
        try perform(.errhandler) { cmpi_return_errors(handle) }
        var rank: Int32 = 0
        var size: Int32 = 0
        try perform(.commRank) { MPI_Comm_rank(handle.v, &rank) }
        try perform(.commSize) { MPI_Comm_size(handle.v, &size) }
        self.handle = handle
        self.ownership = ownership
        self.rank = Int(rank)
        self.size = Int(size)
        self.hostName = Termination.hostName()
    }

    // int MPI_Comm_free(MPI_Comm *comm); int MPI_Finalized(int *flag)
    deinit {
        // Collective in the standard, local in Open MPI and MPICH: a rank that unwinds because of an error does not
        // wait here.
        guard ownership == .owned else { return }
        var finalized: Int32 = 0
        MPI_Finalized(&finalized)
        guard finalized == 0 else { return }
        var handle = handle
        try? perform(.commFree) { MPI_Comm_free(&handle.v) }
    }

    /// The same ranks in a context of their own, so that a library's messages never meet its caller's. One collective.
    // int MPI_Comm_dup(MPI_Comm comm, MPI_Comm *newcomm)
    public func duplicate() throws(MPIError) -> Communicator {
        var copy = cmpi_comm_null()
        try perform(.commDup) { MPI_Comm_dup(handle.v, &copy.v) }
        return try Communicator(copy, .owned)
    }

    /// Whether all ranks share a machine's memory. One collective when it is asked for the first time.
    // int MPI_Comm_split_type(MPI_Comm comm, int split_type, int key, MPI_Info info, MPI_Comm *newcomm)
    func isOneHost() throws(MPIError) -> Bool {
        if let oneHost { return oneHost }
        var node = cmpi_comm_null(), ranks: Int32 = 0
        try perform(.commSplitType) {
            MPI_Comm_split_type(handle.v, Int32(MPI_COMM_TYPE_SHARED), 0, cmpi_info_null().v, &node.v)
        }
        try perform(.commSize) { MPI_Comm_size(node.v, &ranks) }
        try perform(.commFree) { MPI_Comm_free(&node.v) }
        oneHost = ranks == size
        return ranks == size
    }

    /// Returns when every rank has come here. One collective, no bytes.
    // int MPI_Barrier(MPI_Comm comm)
    public func barrier() throws(MPIError) {
        traffic.barrier.add(payload: 0, wire: 0)
        try perform(.barrier) { MPI_Barrier(handle.v) }
    }
}
