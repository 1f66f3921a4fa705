import Layers
import LinearAlgebra
import TestSupport
import Testing

/// What every dictionary promises to a layer.
@Suite struct ChoiceTests {
    /// A dictionary, and what is different about it.
    struct Case: CustomTestStringConvertible {
        let name: DictionaryName
        let grid: PixelGrid
        var testDescription: String { "\(name.rawValue) on \(grid.height)×\(grid.width)" }

        static let all = [PixelGrid(channels: 1, height: 5, width: 7), PixelGrid(channels: 1, height: 1, width: 500)].flatMap { grid in
            DictionaryName.allCases.filter { $0 != .dense }.map { Case(name: $0, grid: grid) }
        }

        func make() throws -> any WeightDictionary {
            switch name {
            case .se: SquaredExponential(grid: grid, sigma: 1, form: .ridge(0.1))
            case .emp, .emp2: try Covariance(smallCovariance(grid.positions))
            case .ae, .kmeans: AtomPool(normalMatrix(rows: 40, columns: grid.positions, stream: 50))
            case .randfixu: RandomAtoms(positions: grid.positions, .normal)
            case .randcon: RandomConnections(positions: grid.positions)
            case .lowrank: RandomAtoms(positions: grid.positions, .uniform)
            case .dct: Cosines(grid: grid)
            case .fourier: Fourier(grid: grid)
            case .haar: Haar(grid: grid)
            case .downsample: Downsampling(grid: grid)
            case .pca: try PrincipalComponents(covariance: smallCovariance(grid.positions))
            case .dense: fatalError("no dictionary")
            }
        }
        /// Choices that a dictionary of random numbers does not draw, it draws the numbers; principal components and cells draw nothing.
        var isSampled: Bool { ![.randfixu, .lowrank, .pca, .downsample].contains(name) }
    }

    @Test(arguments: Case.all) func aColumnIsAFunctionOfItsStream(_ test: Case) throws {
        let dictionary = try test.make()
        func column(
            _ j: Int, seed: UInt64 = 1, layer: Int = 0, sampling: AlphaSampling = .distinct
        ) throws -> (alpha: [Int], u: [[Float]]) {
            let stream = ColumnStream(seed: seed, layer: layer, column: j, sampling: sampling)
            let alpha = try dictionary.choose(9, stream: stream)
            return (alpha, try dictionary.matrix(alpha: alpha, stream: stream).arrays)
        }
        let first = try column(3)
        #expect(first.alpha == first.alpha.sorted() && Set(first.alpha).count == 9)
        #expect(first.alpha.allSatisfy((0..<dictionary.choices).contains))
        #expect(first.u.count == test.grid.positions && first.u.allSatisfy { $0.count == 9 && $0.allSatisfy(\.isFinite) })
        #expect(dictionary.isSampled == test.isSampled && (test.isSampled || first.alpha == Array(0..<9)))
        _ = try column(0)
        #expect(try column(3) == first)
        #expect(try column(3, sampling: .shared) == column(0))
        for other in [try column(4), try column(3, seed: 2), try column(3, layer: 1)] {
            #expect((other.alpha != first.alpha) == test.isSampled)
            #expect((other.u != first.u) == ![.pca, .downsample].contains(test.name))
        }
    }

    @Test(arguments: Case.all) func moreThanThereAreIsAnError(_ test: Case) throws {
        let dictionary = try test.make(), stream = ColumnStream(seed: 1, layer: 0, column: 0)
        #expect(dictionary.choices == ([.ae, .kmeans].contains(test.name) ? 40 : test.grid.positions))
        #expect(try dictionary.choose(dictionary.choices, stream: stream) == Array(0..<dictionary.choices))
        let error = try #require(throws: DictionaryError.self) { try dictionary.choose(dictionary.choices + 1, stream: stream) }
        #expect(error.description.contains("at most \(dictionary.choices) "))
        #expect(error.description.contains("found \(dictionary.choices + 1):"))
        #expect(!error.description.contains("\n"))
    }

    @Test(arguments: Case.all) func aColumnThatGrowsKeepsWhatItHas(_ test: Case) throws {
        let dictionary = try test.make(), stream = ColumnStream(seed: 1, layer: 0, column: 2)
        let some = try dictionary.choose(5, stream: stream), more = try dictionary.choose(12, stream: stream)
        #expect(Set(some).isSubset(of: more) && more.count == 12)
    }

    @Test func everyColumnCoversOtherChoices() throws {
        let dictionary = RandomConnections(positions: 100)
        let drawn = try (0..<20).map { try dictionary.choose(20, stream: ColumnStream(seed: 1, layer: 0, column: $0)) }
        #expect(Set(drawn).count == 20)
        // 20 columns of a fifth each leave a position out with probability .8²⁰ = .012.
        #expect(Set(drawn.joined()).count > 90)
    }

    /// Models that were learned hold α drawn so.
    @Test func theDrawsStayWhatTheyWere() throws {
        let dictionary = SquaredExponential(grid: PixelGrid(channels: 3, height: 5, width: 10), sigma: 1, form: .raw)
        let alpha = try dictionary.choose(10, stream: ColumnStream(seed: 7, layer: 2, column: 5))
        #expect(alpha == RandomStream(seed: 7, purpose: .alpha, stream: 2 << 16 | 5).sample(10, below: 50))
    }

    @Test func names() {
        #expect(
            DictionaryName.allCases.map(\.rawValue) == [
                "se", "emp", "emp2", "ae", "randfixu", "randcon", "lowrank", "kmeans", "dct", "fourier", "haar", "pca", "downsample",
                "dense",
            ])
        #expect(DictionaryName.allCases.filter(\.needsData) == [.emp, .emp2, .ae, .kmeans, .pca])
        #expect(DictionaryName.allCases.filter(\.isLearned) == [.lowrank])
        #expect(DictionaryName.allCases.filter(\.hasTopology) == [.se, .dct, .fourier, .haar, .downsample])
    }
}
