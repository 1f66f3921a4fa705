/// RandCon: columns of the identity, so that a unit sees the inputs of its α and no others (Denil et al. 2013, section
/// 4).
public struct RandomConnections: AtomDictionary {
    public let positions: Int

    public init(positions: Int) {
        self.positions = positions
    }

    public func value(of atom: Int, at position: Int) -> Double { atom == position ? 1 : 0 }
}

extension DictionaryKind {
    /// Random connections: columns of the identity.
    public static let randcon = DictionaryKind("randcon", .identity) { RandomConnections(positions: $0.grid.positions) }
}
