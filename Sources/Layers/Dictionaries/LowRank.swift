import LinearAlgebra

/// LowRank: the U that learning starts from where U is learned like w, uniform in ±.1 (Denil et al. 2013, section 4; the range is that of
/// the authors' settings).
///
/// Every column draws atoms of its own; atom a is the same however many are drawn.
public struct LowRank: WeightDictionary {
    public let positions: Int

    public init(positions: Int) {
        self.positions = positions
    }

    public var choices: Int { positions }
    public var isSampled: Bool { false }

    public func matrix(alpha: [Int], stream: ColumnStream) -> Matrix<Float> {
        let draws = stream.draws(for: .dictionary)
        let dictionary = Matrix<Float>(rows: positions, columns: alpha.count)
        for (a, number) in alpha.enumerated() {
            for i in 0..<positions {
                let uniform = Float(draws.bits(at: number * positions + i) >> 40) * 0x1p-24  // in [0, 1)
                dictionary[i, a] = 0.2 * uniform - 0.1
            }
        }
        return dictionary
    }
}
