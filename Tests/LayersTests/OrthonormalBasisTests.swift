import Layers
import LinearAlgebra
import TestSupport
import Testing

@Suite struct OrthonormalBasisTests {
    static let grid = TensorShape(channels: 2, height: 6, width: 5)
    private let stream = ColumnStream(seed: 5, layer: 1, column: 0)

    private func spec(_ kind: DictionaryKind, _ form: KernelForm?, proportion: Double = 0.3) -> WeightSpec {
        WeightSpec(dictionary: kind, kernel: KernelSpec(sigma: 1, form: form), proportion: proportion, columns: 1)
    }

    private func matrix(_ spec: WeightSpec) throws -> Matrix<Double> {
        try spec.makeDictionary(of: Self.grid)
            .matrix(alpha: spec.sampleAtoms(of: Self.grid, stream: stream), stream: stream).widened
    }

    private func product(
        _ a: Matrix<Double>, _ b: Matrix<Double>, _ transposed: Transposed = .neither
    ) -> Matrix<Double> {
        let result = Matrix<Double>(
            rows: transposed == .first ? a.columns : a.rows, columns: transposed == .second ? b.rows : b.columns)
        multiply(a, b, transposed: transposed, into: result)
        return result
    }

    /// Û has columns of length 1, each at a right angle to the others, and U lies in their span. Û is rounded to
    /// Float; what is left of U grows by how far its singular values are apart, 10³ at most.
    @Test(arguments: DictionaryKind.all.filter { $0.need == nil && !$0.traits.contains(.learned) })
    func basesAreOrthonormal(kind: DictionaryKind) throws {
        let basis = try matrix(spec(kind, .orthonormal)), n = basis.columns
        let gram = product(basis, basis, .first)
        let u = try matrix(spec(kind, .raw)), left = product(basis, product(basis, u, .first))
        #expect(largestDifference(left.arrays, u.arrays) <= 1e3 * floatGamma(2) * largest(u.arrays))
        #expect(
            largestDifference(gram.arrays, (0..<n).map { a in (0..<n).map { a == $0 ? 1 : 0 } }) <= floatGamma(2 * 30))
    }

    /// A smooth kernel at all positions has directions that are too small to tell: they are cut, and the rest is a
    /// projector.
    @Test func smallDirectionsAreCut() throws {
        var wide = spec(.se, .orthonormal, proportion: 1)
        wide.kernel.sigma = 3
        let basis = try matrix(wide), weights = PredictedWeights(
            grid: Self.grid, columns: [Column(units: 0..<3, alpha: Array(0..<30), dictionary: basis.rounded)])
        let gram = product(basis, basis, .first), rank = weights.columns[0].rank
        #expect(weights.saysCut(of: "conv1")?.contains("conv1 has rank \(rank) of 30") == true)
        #expect(rank < 30 && rank > 5)
        let eigen = try symmetricEigen(gram).values
        #expect(eigen.prefix(30 - rank).allSatisfy { abs($0) < 1e-4 })
        #expect(eigen.suffix(rank).allSatisfy { abs($0 - 1) < 1e-4 })
        // w = √(S/r)·ÛᵀÛ·drawn, and ‖w‖ = ‖W‖.
        let drawn = normalMatrix(rows: 3, columns: 60, stream: 4), w = drawn.clone()
        let full = Matrix<Float>(rows: 3, columns: 60), factor = (30 / Double(rank)).squareRoot()
        weights.projectStart(w, positions: 30)
        weights.expand(w, into: full)
        for unit in 0..<3 {
            for channel in 0..<2 {
                let plane = (0..<30).map { drawn.doubles[unit][channel * 30 + $0] }
                let truth = (0..<30).map { a in factor * (0..<30).reduce(0) { $0 + gram[a, $1] * plane[$1] } }
                let found = (0..<30).map { w.doubles[unit][channel * 30 + $0] }
                // Two products of 30 terms, each of length at most that of what was drawn.
                #expect(largestDifference([found], [truth]) <= floatGamma(100) * factor * 30)
                let length = found.reduce(0) { $0 + $1 * $1 }
                let all = (0..<30).map { full.doubles[unit][channel * 30 + $0] }.reduce(0) { $0 + $1 * $1 }
                #expect(abs(length - all) <= floatGamma(200) * 30 * all && all > 0)
            }
        }
    }

    @Test func aDictionaryOfZerosHasRankZero() throws {
        let column = Column(units: 0..<1, alpha: [0, 1], dictionary: Matrix<Float>(rows: 30, columns: 2))
        #expect(PredictedWeights(grid: Self.grid, columns: [column]).columns[0].rank == 0)
        let w = normalMatrix(rows: 1, columns: 4, stream: 6)
        PredictedWeights(grid: Self.grid, columns: [column]).projectStart(w, positions: 30)
        #expect(w.arrays == [[0, 0, 0, 0]])
    }
}
