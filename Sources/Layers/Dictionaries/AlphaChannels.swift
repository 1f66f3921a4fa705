import LinearAlgebra

/// How the channels of a layer's inputs share α and dictionary.
public enum AlphaChannels: String, CaseIterable, Codable, Sendable {
    /// The same α in every channel, of the dictionary of one plane (Denil et al. 2013).
    case tied
    /// α of its own in every channel, of the dictionary of one plane.
    case untied
    /// α of all channels, of one dictionary of all of them.
    case across
}

/// A dictionary whose channels have α of their own: U of all channels, with the U of one plane for each channel on its
/// diagonal, and zeros. Atom a of channel c is number c·atoms + a.
package struct UntiedDictionary: WeightDictionary {
    /// That of one plane.
    package let plane: any WeightDictionary
    let channels: Int
    /// The atoms of the plane.
    let atoms: Int
    let positions: Int

    package func matrix(alpha: [Int], stream: ColumnStream) throws(DictionaryError) -> Matrix<Float> {
        let all = Matrix<Float>(rows: channels * positions, columns: alpha.count)
        var first = 0
        for channel in 0..<channels {
            let own = self.alpha(alpha, of: channel), rows = channel * positions..<(channel + 1) * positions
            all.rows(rows).columns(first..<first + own.count).copy(from: try plane.matrix(alpha: own, stream: stream))
            first += own.count
        }
        return all
    }

    package func check(alpha: [Int]) throws(DictionaryError) {
        for channel in 0..<channels { try plane.check(alpha: self.alpha(alpha, of: channel)) }
    }

    private func alpha(_ all: [Int], of channel: Int) -> [Int] {
        all.filter { $0 / atoms == channel }.map { $0 % atoms }
    }
}
