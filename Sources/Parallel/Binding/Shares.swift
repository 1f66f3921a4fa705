import Partition

/// The parts of a cut, one a rank, as MPI's collectives want to be told of them.
@usableFromInline
struct Shares {
    private let cut: Cut
    // Totals beyond MPI's 32 bits leave them unread.
    let counts: [Int32]
    let displacements: [Int32]

    init(_ cut: Cut) {
        self.cut = cut
        counts = (0..<cut.parts).map { Int32(truncatingIfNeeded: cut[$0].count) }
        displacements = (0..<cut.parts).map { Int32(truncatingIfNeeded: cut[$0].lowerBound) }
    }

    var parts: Int { cut.parts }
    var total: Int { cut.total }
    subscript(part: Int) -> Range<Int> { cut[part] }
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
