import Foundation
import Layers
import LinearAlgebra
import TestSupport
import Testing

/// What every kind of dictionary promises to a layer.
@Suite struct DictionaryKindTests {
    /// A dictionary, and what is different about it.
    struct Case: CustomTestStringConvertible {
        let kind: DictionaryKind
        let grid: TensorShape
        var testDescription: String { "\(kind.name) on \(grid.height)×\(grid.width)" }

        static let all = [
            TensorShape(channels: 1, height: 5, width: 7), TensorShape(channels: 1, height: 1, width: 500),
        ].flatMap { grid in
            DictionaryKind.all.map { Case(kind: $0, grid: grid) }
        }

        func make(count: Int = 9) throws -> any WeightDictionary {
            let data: DictionaryData? =
                switch kind.need {
                case .covariance: .covariance(smallCovariance(grid.positions))
                case .centres, .autoencoder: .atoms(normalMatrix(rows: 1000, columns: grid.positions, stream: 50))
                case nil: nil
                }
            return try kind.make(DictionaryRequest(grid: grid, count: count, kernel: KernelSpec(sigma: 1), data: data))
        }
        /// Atoms that a dictionary of random numbers does not sample, it draws the numbers; principal components and
        /// cells draw nothing.
        var isSampled: Bool { ![.randfixu, .lowrank, .pca, .downsample].contains(kind) }
    }

    @Test(arguments: Case.all) func aColumnIsAFunctionOfItsStream(_ test: Case) throws {
        let dictionary = try test.make(), kind = test.kind
        func column(
            _ j: Int, seed: UInt64 = 1, layer: Int = 0, sampling: AlphaSampling = .distinct
        ) throws -> (alpha: [Int], u: [[Float]]) {
            let stream = ColumnStream(seed: seed, layer: layer, column: j, sampling: sampling)
            let alpha = kind.sample(9, of: test.grid, stream: stream)
            return (alpha, try dictionary.matrix(alpha: alpha, stream: stream).arrays)
        }
        let first = try column(3)
        #expect(first.alpha == first.alpha.sorted() && Set(first.alpha).count == 9)
        #expect(first.alpha.allSatisfy((0..<kind.atoms(of: test.grid)).contains))
        #expect(
            first.u.count == test.grid.positions && first.u.allSatisfy { $0.count == 9 && $0.allSatisfy(\.isFinite) })
        #expect(kind.isSampled == test.isSampled && (test.isSampled || first.alpha == Array(0..<9)))
        _ = try column(0)
        #expect(try column(3) == first)
        #expect(try column(3, sampling: .shared) == column(0))
        for other in [try column(4), try column(3, seed: 2), try column(3, layer: 1)] {
            #expect((other.alpha != first.alpha) == test.isSampled)
            #expect((other.u != first.u) == ![.pca, .downsample].contains(kind))
        }
    }

    @Test(arguments: Case.all) func moreThanThereAreIsAnError(_ test: Case) throws {
        let atoms = test.kind.atoms(of: test.grid), stream = ColumnStream(seed: 1, layer: 0, column: 0)
        #expect(atoms == ([.ae, .kmeans].contains(test.kind) ? 1000 : test.grid.positions))
        try test.kind.check(atoms, of: test.grid)
        #expect(test.kind.sample(atoms, of: test.grid, stream: stream) == Array(0..<atoms))
        let error = try #require(throws: DictionaryError.self) { try test.kind.check(atoms + 1, of: test.grid) }
        #expect(error.description.contains("at most \(atoms) "))
        #expect(error.description.contains("found \(atoms + 1):"))
        #expect(!error.description.contains("\n"))
    }

    @Test(arguments: Case.all) func aColumnThatGrowsKeepsWhatItHas(_ test: Case) throws {
        let stream = ColumnStream(seed: 1, layer: 0, column: 2)
        let some = test.kind.sample(5, of: test.grid, stream: stream),
            more = test.kind.sample(12, of: test.grid, stream: stream)
        #expect(Set(some).isSubset(of: more) && more.count == 12)
    }

    /// Channels are planes: a centre, or a unit of an autoencoder, has an atom for each.
    @Test func everyChannelOfAPoolIsAnAtom() {
        let grid = TensorShape(channels: 3, height: 2, width: 2)
        #expect(DictionaryKind.kmeans.atoms(of: grid) == 3000 && DictionaryKind.se.atoms(of: grid) == 4)
    }

    @Test func everyColumnCoversOtherAtoms() {
        let drawn = (0..<20).map { ColumnStream(seed: 1, layer: 0, column: $0).sampleAtoms(20, of: 100) }
        #expect(Set(drawn).count == 20)
        // 20 columns of a fifth each leave a position out with probability 0.8²⁰ = 0.012.
        #expect(Set(drawn.joined()).count > 90)
    }

    /// Models that were learned hold α drawn so.
    @Test func theDrawsStayWhatTheyWere() {
        let alpha = ColumnStream(seed: 7, layer: 2, column: 5).sampleAtoms(10, of: 50)
        #expect(alpha == RandomStream(seed: 7, purpose: .alpha, stream: 2 << 16 | 5).sample(10, below: 50))
    }

    @Test func names() {
        let all = DictionaryKind.all
        #expect(
            all.map(\.name) == [
                "se", "emp", "emp2", "ae", "randfixu", "randcon", "lowrank", "kmeans", "dct", "fourier", "haar", "pca",
                "downsample",
            ])
        #expect(all.filter { $0.need != nil } == [.emp, .emp2, .ae, .kmeans, .pca])
        #expect(all.filter { $0.traits.contains(.learned) } == [.lowrank])
        #expect(all.filter { $0.traits.contains(.topology) } == [.se, .dct, .fourier, .haar, .downsample])
        #expect(all.allSatisfy { DictionaryKind(named: $0.name) == $0 } && DictionaryKind(named: "dense") == nil)
    }

    /// Model files name kinds.
    @Test func aKindIsItsNameInJSON() throws {
        let written = try JSONEncoder().encode([DictionaryKind.se, .haar])
        #expect(String(decoding: written, as: UTF8.self) == #"["se","haar"]"#)
        #expect(try JSONDecoder().decode([DictionaryKind].self, from: written) == [.se, .haar])
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode([DictionaryKind].self, from: Data(#"["none"]"#.utf8))
        }
    }
}
