/// A cut's counts and displacements as MPI wants them, in memory that stays where it is: non-blocking calls read it until they end.
final class ShareTable {
    let counts: UnsafeMutablePointer<Int32>
    let displacements: UnsafeMutablePointer<Int32>

    init(_ shares: Cut) {
        counts = .allocate(capacity: shares.parts)
        displacements = .allocate(capacity: shares.parts)
        for part in 0..<shares.parts {
            counts[part] = Int32(shares[part].count)
            displacements[part] = Int32(shares[part].lowerBound)
        }
    }

    deinit {
        counts.deallocate()
        displacements.deallocate()
    }
}

extension Communicator {
    /// The table of a cut, made at its first use; nil where the cut is too large for one MPI call.
    func table(_ shares: Cut) -> ShareTable? {
        precondition(shares.parts == size, "shares are one a rank: \(size) ranks, \(shares.parts) parts")
        guard shares.total <= largestCount else { return nil }
        if let known = tables[shares] { return known }
        let table = ShareTable(shares)
        tables[shares] = table
        return table
    }
}
