import LinearAlgebra

/// LowRank: the U that learning starts from where U is learned like w, uniform in ±.1 (Denil et al. 2013, section 4; the range is that of
/// the authors' settings).
///
/// Atoms are drawn from the column's stream; atom a is the same however many are drawn.
public struct LowRank: WeightDictionary {
    public let positions: Int

    public init(positions: Int) {
        self.positions = positions
    }

    public var choices: Int { positions }
    public var isSampled: Bool { false }

    public func matrix(alpha: [Int], stream: ColumnStream) -> Matrix<Float> {
        let draws = stream.draws(for: .dictionary)
        let atom = Matrix<Float>(rows: 1, columns: positions), dictionary = Matrix<Float>(rows: positions, columns: alpha.count)
        for (a, number) in alpha.enumerated() {
            draws.fillUniform(atom.elements, from: number * positions, in: -0.1..<0.1)
            for i in 0..<positions { dictionary[i, a] = atom[0, i] }
        }
        return dictionary
    }
}
