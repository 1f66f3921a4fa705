internal import CMPI

/// Which runs of a buffer are which rank's. A part of one run travels from where it is, in messages. One of several
/// runs is one message, which an MPI datatype describes, so that nobody copies them together.
public final class Parts<Number: MPIScalar> {
    struct Part {
        /// Ascending, none empty.
        let runs: [Range<Int>]
        let count: Int
        /// The type of several runs, from where the first begins.
        let datatype: cmpi_datatype?
    }

    private let parts: [Part]
    /// The values of all parts.
    public let total: Int
    /// Where the last run ends.
    let end: Int

    /// An error of MPI ends the job here, as `Parallel.run` would.
    ///
    /// - Parameter runs: where the values of every rank are in the buffer; several are no longer together than
    ///   `Communicator.messageCapacity`, and less than 2³¹ values apart.
    // int MPI_Type_indexed(int count, const int blocklengths[], const int displacements[], MPI_Datatype oldtype,
    //                      MPI_Datatype *newtype)
    // int MPI_Type_commit(MPI_Datatype *datatype)
    public init(_ runs: [[Range<Int>]]) {
        parts = runs.map { ofRank in
            let runs = ofRank.filter { !$0.isEmpty }
            var datatype: cmpi_datatype?
            if runs.count > 1 {
                var type = Number.mpiType.datatype
                let counts = runs.map { Int32($0.count) }
                let offsets = runs.map { Int32($0.lowerBound - runs[0].lowerBound) }
                Termination.orAbort { () throws(MPIError) in
                    try perform(.typeIndexed) {
                        MPI_Type_indexed(Int32(counts.count), counts, offsets, Number.mpiType.datatype.v, &type.v)
                    }
                    try perform(.typeCommit) { MPI_Type_commit(&type.v) }
                }
                datatype = type
            }
            return Part(runs: runs, count: runs.reduce(0) { $0 + $1.count }, datatype: datatype)
        }
        total = parts.reduce(0) { $0 + $1.count }
        end = parts.compactMap { $0.runs.last?.upperBound }.max() ?? 0
    }

    /// Parts one after another.
    ///
    /// - Parameter counts: the length of each rank's part, in values.
    public convenience init(counts: [Int]) {
        var offset = 0
        self.init(
            counts.map { count in
                defer { offset += count }
                return [offset..<offset + count]
            })
    }

    var ranks: Int { parts.count }
    subscript(rank: Int) -> Part { parts[rank] }

    // int MPI_Type_free(MPI_Datatype *datatype); int MPI_Finalized(int *flag)
    deinit {
        var finalized: Int32 = 0
        MPI_Finalized(&finalized)
        guard finalized == 0 else { return }
        for part in parts {
            guard var datatype = part.datatype else { continue }
            try? perform(.typeFree) { MPI_Type_free(&datatype.v) }
        }
    }
}
