import LinearAlgebra

/// RandFixU: every element of U from N(0, .1²), fixed (Denil et al. 2013, section 4; the deviation is that of the authors' settings).
///
/// Atoms are drawn from the column's stream; atom a is the same however many are drawn.
public struct RandomFixed: WeightDictionary {
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
            draws.fillNormal(atom.elements, from: number * positions)
            for i in 0..<positions { dictionary[i, a] = 0.1 * atom[0, i] }
        }
        return dictionary
    }
}
