import Partition

/// The parts of a cut, one a rank, as MPI's collectives want to be told of them: in memory that stays where it is, since non-blocking
/// calls read it until they end.
public final class Shares: Sendable {
    private let cut: Cut
    // Only read after init. Totals beyond MPI's 32 bits leave them unread, too.
    nonisolated(unsafe) let counts: UnsafeMutablePointer<Int32>
    nonisolated(unsafe) let displacements: UnsafeMutablePointer<Int32>

    init(_ cut: Cut) {
        self.cut = cut
        counts = .allocate(capacity: cut.parts)
        displacements = .allocate(capacity: cut.parts)
        for part in 0..<cut.parts {
            counts[part] = Int32(truncatingIfNeeded: cut[part].count)
            displacements[part] = Int32(truncatingIfNeeded: cut[part].lowerBound)
        }
    }

    var parts: Int { cut.parts }
    var total: Int { cut.total }
    subscript(part: Int) -> Range<Int> { cut[part] }

    deinit {
        counts.deallocate()
        displacements.deallocate()
    }
}

extension Communicator {
    /// The shares of a cut, made at its first use.
    @usableFromInline
    func shares(_ cut: Cut) -> Shares {
        if let known = tables[cut] { return known }
        let made = Shares(cut)
        tables[cut] = made
        return made
    }

    /// - Precondition: a part a rank.
    func check(_ shares: Shares) {
        precondition(shares.parts == size, "shares are one a rank: \(size) ranks, \(shares.parts) parts")
    }
}
