import LinearAlgebra

/// A dictionary whose α are atoms: a column of U is an atom, whatever else was sampled.
public protocol AtomDictionary: WeightDictionary {
    /// The positions of one plane: the rows of U.
    var positions: Int { get }
    /// One element of an atom on one plane, rounded to Float where U is made.
    func value(of atom: Int, at position: Int) -> Double
}

extension AtomDictionary {
    public func matrix(alpha: [Int], stream: ColumnStream) -> Matrix<Float> {
        let dictionary = Matrix<Float>(rows: positions, columns: alpha.count)
        for i in 0..<positions {
            for (a, atom) in alpha.enumerated() { dictionary[i, a] = Float(value(of: atom, at: i)) }
        }
        return dictionary
    }
}
