import LinearAlgebra

/// Random numbers as atoms, drawn from the column's stream: RandFixU, where they stay, and LowRank, where learning U
/// like w starts from them (Denil et al. 2013, section 4; deviation and range are those of the authors' settings).
///
/// Atom a is the same however many are drawn.
public struct RandomAtoms: WeightDictionary {
    public enum Distribution: Sendable {
        /// N(0, 0.1²), of RandFixU.
        case normal
        /// Uniform in ±0.1, of LowRank.
        case uniform
    }

    public let positions: Int
    public let distribution: Distribution

    public init(positions: Int, _ distribution: Distribution) {
        self.positions = positions
        self.distribution = distribution
    }

    public func matrix(alpha: [Int], stream: ColumnStream) -> Matrix<Float> {
        let draws = stream.draws(for: .dictionary)
        let atom = Matrix<Float>(rows: 1, columns: positions),
            dictionary = Matrix<Float>(rows: positions, columns: alpha.count)
        for (a, number) in alpha.enumerated() {
            switch distribution {
            case .normal:
                draws.fillNormal(atom.elements, from: number * positions)
                for i in 0..<positions { dictionary[i, a] = 0.1 * atom[0, i] }
            case .uniform:
                draws.fillUniform(atom.elements, from: number * positions, in: -0.1..<0.1)
                for i in 0..<positions { dictionary[i, a] = atom[0, i] }
            }
        }
        return dictionary
    }
}

extension DictionaryKind {
    /// Fixed random numbers.
    public static let randfixu = DictionaryKind("randfixu", .leading) {
        RandomAtoms(positions: $0.grid.positions, .normal)
    }
    /// U learned like w.
    public static let lowrank = DictionaryKind("lowrank", [.learned, .leading]) {
        RandomAtoms(positions: $0.grid.positions, .uniform)
    }
}
