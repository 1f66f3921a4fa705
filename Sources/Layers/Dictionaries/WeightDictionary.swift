import LinearAlgebra

/// A static dictionary that the columns of a layer choose from (Denil et al. 2013, section 3).
///
/// What a column chooses is its α. For a kernel it is the positions of one plane at which weights are learned, for a pool the
/// atoms that become the columns of U. It is drawn from the column's stream, never by the rank, so every rank builds the same U.
public protocol WeightDictionary: Sendable {
    /// Positions of one plane: the rows of U.
    var positions: Int { get }
    /// How many there are to choose from: positions, or atoms of the pool. A column chooses from 0..<choices.
    var choices: Int { get }
    /// Whether columns draw what they choose. Where not, each takes the first ones.
    var isSampled: Bool { get }

    /// U of one plane for what a column chose, positions × alpha.count.
    ///
    /// - Parameters:
    ///   - alpha: of 0..<choices.
    ///   - stream: the column's. Only a dictionary of random numbers draws from it.
    /// - Throws: `FactorisationError` where a kernel matrix is not positive definite.
    func matrix(alpha: [Int], stream: ColumnStream) throws(FactorisationError) -> Matrix<Float>
}

extension WeightDictionary {
    public var isSampled: Bool { true }

    /// What a column chooses, ascending: `count` different ones, drawn uniformly without replacement, or the first.
    ///
    /// A column of more choices keeps those that it has when it chooses fewer. A position or an atom is then what it was; only the cells
    /// of `Downsampling` are others for every count.
    ///
    /// - Throws: `DictionaryError` where there are fewer than `count` to choose from.
    public func choose(_ count: Int, stream: ColumnStream) throws(DictionaryError) -> [Int] {
        guard count <= choices else {
            throw DictionaryError(
                "expected at most \(choices) learned values a unit and channel, which is what the dictionary holds, found \(count): "
                    + "learn a smaller proportion")
        }
        return isSampled ? stream.draws(for: .alpha).sample(count, below: choices) : Array(0..<count)
    }
}

/// A dictionary that cannot be made from what was handed to it, or not of the size asked for: one line.
public struct DictionaryError: Error, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }
}
