/// The MPI functions that Parallel calls, by number: the stall detector keeps the one that is under way in an atomic.
enum MPICall: UInt8 {
    // 0 means that no call is under way
    case initThread = 1
    case finalize, errhandler, commRank, commSize, commDup, commSplitType, commFree
    case barrier, broadcast, reduce, allReduce, allGather, reduceScatter, sendReceive
    case startSend, startReceive, test, wait
    case typeIndexed, typeCommit, typeFree

    var name: String {
        switch self {
        case .initThread: "MPI_Init_thread"
        case .finalize: "MPI_Finalize"
        case .errhandler: "MPI_Comm_set_errhandler"
        case .commRank: "MPI_Comm_rank"
        case .commSize: "MPI_Comm_size"
        case .commDup: "MPI_Comm_dup"
        case .commSplitType: "MPI_Comm_split_type"
        case .commFree: "MPI_Comm_free"
        case .barrier: "MPI_Barrier"
        case .broadcast: "MPI_Bcast"
        case .reduce: "MPI_Reduce"
        case .allReduce: "MPI_Allreduce"
        case .allGather: "MPI_Allgatherv"
        case .reduceScatter: "MPI_Reduce_scatter"
        case .sendReceive: "MPI_Sendrecv"
        case .startSend: "MPI_Isend"
        case .startReceive: "MPI_Irecv"
        case .test: "MPI_Test"
        case .wait: "MPI_Wait"
        case .typeIndexed: "MPI_Type_indexed"
        case .typeCommit: "MPI_Type_commit"
        case .typeFree: "MPI_Type_free"
        }
    }
}
