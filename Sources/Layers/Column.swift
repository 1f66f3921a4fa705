import LinearAlgebra

/// Some units of a layer with the α they are learned at and the dictionary that predicts the rest.
public struct Column: Sendable {
    /// The units of the layer that belong to the column.
    public let units: Range<Int>
    /// The learned positions of one plane, ascending; the same in every channel.
    public let alpha: [Int]
    /// One plane's block of U, positions × alpha.count, the same in every channel. Nil: the identity, a dense layer.
    public let dictionary: Matrix<Float>?

    public init(units: Range<Int>, alpha: [Int], dictionary: Matrix<Float>?) {
        precondition(dictionary == nil || dictionary!.columns == alpha.count)
        self.units = units
        self.alpha = alpha
        self.dictionary = dictionary
    }
}

/// Whether every column samples an α of its own, or all use that of column 0 (the control).
public enum AlphaSampling: String, CaseIterable, Codable, Sendable {
    case distinct, shared
}

/// Draws α, uniformly without replacement, for one column of one layer: from the stream (seed, layer, column), so that a
/// column is the same whatever rank draws it.
///
/// - Parameter count: how many of the `positions` of one plane are learned.
public func sampleAlpha(seed: UInt64, layer: Int, column: Int, count: Int, positions: Int) -> [Int] {
    RandomStream(seed: seed, purpose: .alpha, stream: layer << 16 | column).sample(count, below: positions)
}
