import LinearAlgebra

/// Whether every column samples an α of its own, or all use that of column 0 (the control).
public enum AlphaSampling: String, CaseIterable, Codable, Sendable {
    case distinct, shared
}

/// What is drawn for one column of one layer: it depends on the seed, the layer and the column, so that a column is the
/// same whatever rank draws it, and whatever was drawn before.
public struct ColumnStream: Sendable {
    private let seed: UInt64
    private let number: Int
    /// The channel whose α are drawn; 0 where all have the same.
    private var channel = 0

    /// - Parameter sampling: `shared` gives every column of the layer the draws of column 0.
    public init(seed: UInt64, layer: Int, column: Int, sampling: AlphaSampling = .distinct) {
        self.seed = seed
        number = layer << 16 | (sampling == .shared ? 0 : column)
    }

    /// Different numbers below `atoms`, ascending, sampled uniformly without replacement: the α of the column.
    public func sampleAtoms(_ count: Int, of atoms: Int) -> [Int] {
        // Below 2³² positions, so that channels draw with other indices.
        draws(for: .alpha).sample(count, below: atoms, from: channel << 32)
    }

    /// The same for a channel that has α of its own.
    func of(channel: Int) -> ColumnStream {
        var stream = self
        stream.channel = channel
        return stream
    }

    func draws(for purpose: RandomStream.Purpose) -> RandomStream {
        RandomStream(seed: seed, purpose: purpose, stream: number)
    }
}
