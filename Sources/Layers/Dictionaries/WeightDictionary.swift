import LinearAlgebra

/// A static dictionary from which the columns of a layer take their U (Denil et al. 2013, section 3).
///
/// α are what a column has sampled: for a kernel the positions of one plane at which weights are learned, for other
/// kinds the atoms that become the columns of U. They come from the column's stream, never from the rank, so every rank
/// builds the same U.
public protocol WeightDictionary: Sendable {
    /// U of one plane for the α of a column, positions × alpha.count.
    ///
    /// - Parameters:
    ///   - alpha: indices in 0 ..< the atoms that the kind has.
    ///   - stream: that of the column. Only a dictionary of random numbers draws from it.
    /// - Throws: `DictionaryError` where a kernel matrix is not positive definite.
    func matrix(alpha: [Int], stream: ColumnStream) throws(DictionaryError) -> Matrix<Float>

    /// Refuses α that there is no U for, without making it.
    ///
    /// - Throws: `DictionaryError`, as `matrix` would.
    func check(alpha: [Int]) throws(DictionaryError)
}

extension WeightDictionary {
    public func check(alpha: [Int]) throws(DictionaryError) {}
}

/// A dictionary that cannot be made from what was handed to it, or not of the size asked for: one line.
public struct DictionaryError: Error, CustomStringConvertible {
    public let description: String
    /// Whether data are to blame, not what was asked for.
    public let isOfData: Bool

    init(_ description: String, isOfData: Bool = false) {
        self.description = description
        self.isOfData = isOfData
    }

    /// The same error, said of a layer.
    package func inLayer(_ name: String) -> DictionaryError {
        DictionaryError("\(name): \(description)", isOfData: isOfData)
    }
}
