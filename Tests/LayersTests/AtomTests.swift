import Foundation
import Layers
import LinearAlgebra
import TestSupport
import Testing

@Suite struct AtomTests {
    static let grids = [(1, 1), (1, 7), (6, 1), (4, 4), (5, 6), (7, 3)].map {
        TensorShape(channels: 1, height: $0, width: $1)
    }

    /// All atoms, one a row, in Double.
    private func atoms(_ dictionary: some WeightDictionary, count: Int) throws -> Rows {
        naiveTransposed(try dictionary.matrix(alpha: Array(0..<count), stream: anyStream).doubles)
    }

    @Test(arguments: grids) func basesAreOrthonormal(grid: TensorShape) throws {
        let bases: [any WeightDictionary] = [
            Cosines(grid: grid), Fourier(grid: grid), Haar(grid: grid), Downsampling(grid: grid),
            RandomConnections(positions: grid.positions),
            try PrincipalComponents(covariance: smallCovariance(grid.positions)),
        ]
        for basis in bases {
            let rows = try atoms(basis, count: grid.positions)
            let gram = naiveProduct(rows, naiveTransposed(rows))
            let identity = gram.indices.map { r in gram.indices.map { $0 == r ? 1.0 : 0 } }
            // Each element is rounded once to Float: |Σ(a + δa)(b + δb) − Σab| ≤ (2u + u²)·Σ|ab| ≤ 2.01u
            // for rows of norm 1.
            #expect(largestDifference(gram, identity) <= 2.01 * floatUnit + 1e-13, "\(type(of: basis))")
        }
    }

    /// Cosines are the eigenvectors of the grid's Laplacian whose borders reflect (Strang 1999), sines and cosines of
    /// the one whose borders meet: −a(i − 1) + 2a(i) − a(i + 1) = 4 sin²(θ/2)·a(i) along an axis, with θ =
    /// πk/n and 2πk/n.
    @Test(arguments: grids) func wavesAreEigenvectorsOfTheLaplacian(grid: TensorShape) throws {
        let height = grid.height, width = grid.width
        func eigenvalue(_ turn: Double) -> Double { 4 * pow(sin(turn / 2), 2) }
        func expectEigenvectors(_ rows: Rows, turn: Double, neighbour: (Int, Int) -> Int) {
            for (number, atom) in rows.enumerated() {
                let down = turn * Double(number / width) / Double(height),
                    across = turn * Double(number % width) / Double(width)
                let value = eigenvalue(down) + eigenvalue(across)
                for y in 0..<height {
                    for x in 0..<width {
                        var laplacian = 4 * atom[y * width + x]
                        for step in [-1, 1] {
                            laplacian -=
                                atom[neighbour(y + step, height) * width + x]
                                + atom[y * width + neighbour(x + step, width)]
                        }
                        // Five elements of at most 1, times at most 8, each rounded to Float.
                        #expect(abs(laplacian - value * atom[y * width + x]) <= 16 * floatUnit)
                    }
                }
            }
        }
        expectEigenvectors(try atoms(Cosines(grid: grid), count: grid.positions), turn: .pi) { i, n in
            min(max(i, 0), n - 1)
        }
        expectEigenvectors(try atoms(Fourier(grid: grid), count: grid.positions), turn: 2 * .pi) { i, n in (i + n) % n }
    }

    @Test func wavesByHand() throws {
        let line = TensorShape(channels: 1, height: 1, width: 4), half = 0.5, root = 0.5.squareRoot()
        let fourier = try atoms(Fourier(grid: line), count: 4)
        let waves = [[half, half, half, half], [root, 0, -root, 0], [half, -half, half, -half], [0, -root, 0, root]]
        #expect(largestDifference(fourier, waves) <= floatUnit)
        let (c, s) = (root * cos(.pi / 8), root * sin(.pi / 8))
        let cosines = try atoms(Cosines(grid: line), count: 4)
        let halfWaves = [[half, half, half, half], [c, s, -s, -c], [half, -half, -half, half], [s, -c, c, -s]]
        #expect(largestDifference(cosines, halfWaves) <= floatUnit)
    }

    @Test func haarWaveletsByHand() throws {
        let square = try atoms(Haar(grid: TensorShape(channels: 1, height: 2, width: 2)), count: 4)
        #expect(square == [[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]].map { $0.map { $0 / 2 } })
        // 1 against 2 pixels, then those two.
        let line = try atoms(Haar(grid: TensorShape(channels: 1, height: 1, width: 3)), count: 3)
        let third = (1.0 / 3).squareRoot(), long = (2.0 / 3).squareRoot(), short = (1.0 / 6).squareRoot(),
            root = 0.5.squareRoot()
        #expect(
            largestDifference(line, [[third, third, third], [long, -short, -short], [0, root, -root]]) <= floatUnit)
    }

    /// A square whose side is a power of two has the usual wavelets: three a block, of blocks of every size, ±1/side
    /// on the block.
    @Test func haarWaveletsOfASquare() throws {
        let rows = try atoms(Haar(grid: TensorShape(channels: 1, height: 8, width: 8)), count: 64)
        let sides = rows[1...].map { row -> Int in
            let size = row.filter { $0 != 0 }.count, side = Int(Double(size).squareRoot())
            #expect(row.allSatisfy { $0 == 0 || abs($0) == 1 / Double(side) } && row.reduce(0, +) == 0)
            return side
        }
        #expect(
            sides == [Int](repeating: 8, count: 3) + [Int](repeating: 4, count: 12) + [Int](repeating: 2, count: 48))
    }

    @Test func randomConnectionsAreColumnsOfTheIdentity() throws {
        let u = try atoms(RandomConnections(positions: 6), count: 6)
        #expect(u == (0..<6).map { r in (0..<6).map { $0 == r ? 1 : 0 } })
        #expect(
            RandomConnections(positions: 4).matrix(alpha: [1, 3], stream: anyStream).arrays == [
                [0, 0], [1, 0], [0, 0], [0, 1],
            ])
    }

    @Test func aPoolGivesTheAtomsChosen() {
        let pool = Matrix<Float>([[1, 2, 3], [4, 5, 6], [7, 8, 9]])
        #expect(AtomPool(pool).matrix(alpha: [0, 2], stream: anyStream).arrays == [[1, 7], [2, 8], [3, 9]])
        // Weights of a unit beside its bias: a view.
        #expect(AtomPool(pool.columns(0..<2)).matrix(alpha: [1], stream: anyStream).arrays == [[4], [5]])
    }

    @Test func principalComponentsLead() throws {
        let covariance = smallCovariance(9)
        let components = try atoms(PrincipalComponents(covariance: covariance), count: 9)
        let images = naiveProduct(components, covariance.arrays)
        let variances = zip(components, images).map { zip($0, $1).reduce(0) { $0 + $1.0 * $1.1 } }
        #expect(variances == variances.sorted(by: >))
        // An eigenvector rounded to Float: its image is off by at most √n·u times the largest eigenvalue, and again
        // in λv.
        for (r, variance) in variances.enumerated() {
            #expect(
                zip(components[r], images[r]).allSatisfy { abs(variance * $0 - $1) <= 3 * 3 * floatUnit * variances[0] }
            )
        }
        #expect(throws: DictionaryError.self) {
            try PrincipalComponents(covariance: Matrix([[1, .infinity], [.infinity, 1]]))
        }
    }
}

@Suite struct RandomDictionaryTests {
    @Test func randomFixedIsNormal() throws {
        let dictionary = RandomAtoms(positions: 400, .normal), stream = ColumnStream(seed: 5, layer: 1, column: 3)
        let u = dictionary.matrix(alpha: Array(0..<50), stream: stream).doubles.flatMap { $0 }
        let mean = u.reduce(0, +) / 20_000, variance = u.reduce(0) { $0 + $1 * $1 } / 20_000
        // Five standard deviations of the mean, 0.1/√n, and of the variance, 0.01·√(2/n).
        #expect(
            abs(mean) < 5 * 0.1 / 20_000.0.squareRoot() && abs(variance - 0.01) < 5 * 0.01 * (2.0 / 20_000).squareRoot()
        )
        let draws = Matrix<Float>(rows: 50, columns: 400)
        RandomStream(seed: 5, purpose: .dictionary, stream: 1 << 16 | 3).fillNormal(draws.elements)
        #expect(u == naiveTransposed(draws.arrays.map { $0.map { Double(0.1 * $0) } }).flatMap { $0 })
    }

    @Test func lowRankIsUniform() {
        let u = RandomAtoms(positions: 400, .uniform).matrix(alpha: Array(0..<50), stream: anyStream).doubles.flatMap {
            $0
        }
        #expect(u.allSatisfy { $0 >= -0.1000001 && $0 <= 0.1000001 } && Set(u).count > 19_000)
        // A tenth of them in every tenth of the range, within five deviations √(n·0.1·0.9).
        for tenth in 0..<10 {
            let low = -0.1 + 0.02 * Double(tenth)
            #expect(abs(Double(u.filter { $0 >= low && $0 < low + 0.02 }.count) - 2_000) < 5 * 1_800.0.squareRoot())
        }
    }

    /// So a column that grows keeps what it has.
    @Test func anAtomIsTheSameHoweverManyAreDrawn() throws {
        let dictionaries: [any WeightDictionary] = [
            RandomAtoms(positions: 6, .normal), RandomAtoms(positions: 6, .uniform),
        ]
        for dictionary in dictionaries {
            let all = try dictionary.matrix(alpha: Array(0..<5), stream: anyStream)
            #expect(try dictionary.matrix(alpha: [0, 1], stream: anyStream).arrays == all.columns(0..<2).arrays)
        }
    }
}
