import DataParallel
import LinearAlgebra
import Storage
import TestFiles
import Testing

/// A state that some ranks write and others read.
struct StateArchiveTests {
    /// A tensor of every layout, with numbers that tell where they come from.
    private final class State: Checkpointable {
        static let rows = 7, width = 3
        let own: Range<Int>
        let same = Matrix<Float>(rows: 2, columns: 3), rows: Matrix<Float>
        var summed: [Double], ofRank: [Double], text: String, count: Int, isSet: Bool

        /// - Parameter isFilled: whether it has numbers to save.
        init(rank: Int, ranks: Int, isFilled: Bool) {
            own = rank * State.rows / ranks..<(rank + 1) * State.rows / ranks
            rows = Matrix(rows: own.count, columns: State.width)
            (summed, ofRank, text, count, isSet) = ([0, 0], [0], "", 0, false)
            guard isFilled else { return }
            for i in 0..<6 { same.pointer[i] = Float(i) + 0.5 }
            for (r, row) in own.enumerated() { for c in 0..<State.width { rows[r, c] = Float(10 * row + c) } }
            (summed, ofRank) = ([Double(rank + 1), -0.0], [Double(rank * rank)])
            (text, count, isSet) = ("learning-rate,ε\n", 1 << 40, true)
        }

        func archive(to archive: StateArchive) throws {
            try archive.matrix("same", same, .replicated)
            try archive.matrix("rows", rows, .rows(own, of: State.rows))
            try archive.numbers("summed", &summed, .summed)
            try archive.numbers("of-rank", &ofRank, .ofRank)
            try archive.text("text", &text)
            try archive.number("count", &count)
            try archive.flag("flag", &isSet)
        }
    }

    /// Writes the parts of some ranks, and returns their names.
    private func write(ranks: Int, to folder: TemporaryFolder) throws -> [String] {
        try (0..<ranks).map { rank in
            let snapshot = StateSnapshot(rank: rank)
            // Twice, since the second snapshot uses the memory of the first.
            for _ in 0..<2 { try snapshot.take([("state", State(rank: rank, ranks: ranks, isFilled: true))]) }
            try snapshot.write(to: folder.file("part-\(rank)"))
            return "part-\(rank)"
        }
    }

    @Test(arguments: 1...4, 1...4) func anyRankCountReads(writers: Int, readers: Int) throws {
        let folder = try TemporaryFolder(), parts = try write(ranks: writers, to: folder)
        var sum = 0.0
        for rank in 0..<readers {
            let stored = try StoredState(parts, in: folder.path, rank: rank, ranks: readers)
            let state = State(rank: rank, ranks: readers, isFilled: false)
            let expected = State(rank: rank, ranks: readers, isFilled: true)
            #expect(stored.holds("state") && !stored.holds("sta") && !stored.isEmpty)
            try stored.fill(state, from: "state")
            #expect(stored.isEmpty)
            #expect(state.same.arrays == expected.same.arrays && state.rows.arrays == expected.rows.arrays)
            #expect((state.text, state.count, state.isSet) == (expected.text, expected.count, expected.isSet))
            sum += state.summed[0]
            let mean = Double((0..<writers).reduce(0) { $0 + $1 * $1 }) / Double(writers)
            #expect(abs(state.ofRank[0] - (writers == readers ? expected.ofRank[0] : mean)) < 1e-12)
            if writers == readers {
                #expect(state.summed[0] == expected.summed[0] && state.summed[1].sign == .minus)
            }
        }
        #expect(sum == Double(writers * (writers + 1) / 2))
    }

    /// What a checkpoint does not have, or has in another shape, is an error that names it.
    @Test func whatIsMissingIsNamed() throws {
        final class Other: Checkpointable {
            let name: String, columns: Int
            init(_ name: String, columns: Int) { (self.name, self.columns) = (name, columns) }
            func archive(to archive: StateArchive) throws {
                try archive.matrix(name, Matrix<Float>(rows: 2, columns: columns), .replicated)
            }
        }
        let folder = try TemporaryFolder(), parts = try write(ranks: 2, to: folder)
        let stored = try StoredState(parts, in: folder.path, rank: 0, ranks: 1)
        for (name, columns) in [("other", 3), ("same", 4), ("of-rank", 1)] {
            let other = Other(name, columns: columns)
            let said = #expect(throws: DataError.self) { try stored.fill(other, from: "state") }?.message ?? ""
            #expect(said.contains("state.\(name)") && said.contains("--resume never"))
        }
    }
}
