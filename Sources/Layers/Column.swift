import LinearAlgebra

/// Some units of a layer with the α they are learned at and the dictionary that predicts the rest.
public struct Column: Sendable {
    /// The units of the layer that belong to the column.
    public let units: Range<Int>
    /// What the column chose of its `WeightDictionary`, the same in every channel: the learned positions of one plane
    /// for a kernel, atom numbers for a pool.
    public let alpha: [Int]
    /// One plane's block of U, positions × alpha.count, the same in every channel. Nil: the identity, a dense layer.
    /// Where U is learned, a view of the learned values.
    public let dictionary: Matrix<Float>?

    public init(units: Range<Int>, alpha: [Int], dictionary: Matrix<Float>?) {
        precondition(dictionary == nil || dictionary!.columns == alpha.count)
        self.units = units
        self.alpha = alpha
        self.dictionary = dictionary
    }
}
