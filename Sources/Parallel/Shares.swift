/// A buffer in parts of any lengths, one a rank, one after another, as MPI wants to be told of them: in memory that stays where it is,
/// since non-blocking calls read it until they end.
public final class Shares: Sendable {
    /// Where every part begins, and where the last one ends.
    private let bounds: [Int]
    // Only read after init. Totals beyond MPI's 32 bits leave them unread, too.
    nonisolated(unsafe) let counts: UnsafeMutablePointer<Int32>
    nonisolated(unsafe) let displacements: UnsafeMutablePointer<Int32>

    /// - Parameter counts: the length of each rank's part, in values.
    public init(counts: [Int]) {
        bounds = counts.reduce(into: [0]) { $0.append($0.last! + $1) }
        self.counts = .allocate(capacity: counts.count)
        displacements = .allocate(capacity: counts.count)
        for part in counts.indices {
            self.counts[part] = Int32(truncatingIfNeeded: counts[part])
            displacements[part] = Int32(truncatingIfNeeded: bounds[part])
        }
    }

    public convenience init(_ cut: Cut) {
        self.init(counts: (0..<cut.parts).map { cut[$0].count })
    }

    public var parts: Int { bounds.count - 1 }
    public var total: Int { bounds.last! }

    /// The values of one part.
    public subscript(part: Int) -> Range<Int> { bounds[part]..<bounds[part + 1] }

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
