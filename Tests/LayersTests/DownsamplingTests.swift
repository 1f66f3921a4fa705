import Layers
import LinearAlgebra
import TestSupport
import Testing

@Suite struct DownsamplingTests {
    private static func cells(height: Int, width: Int, _ count: Int) -> Rows {
        let dictionary = Downsampling(grid: TensorShape(channels: 1, height: height, width: width))
        return naiveTransposed(dictionary.matrix(alpha: Array(0..<count), stream: anyStream).doubles)
    }

    /// Any number of cells covers the plane once; each is a rectangle of norm 1, and so they are orthonormal. On 2×9
    /// ten cells need two bands where √(10·2/9) rounds to one.
    @Test(
        arguments: AtomTests.grids + [
            TensorShape(channels: 1, height: 2, width: 9), TensorShape(channels: 1, height: 28, width: 28),
        ])
    func cellsCoverThePlaneOnce(grid: TensorShape) {
        for count in stride(from: 1, through: grid.positions, by: grid.positions > 100 ? 29 : 1) {
            let atoms = Self.cells(height: grid.height, width: grid.width, count)
            #expect((0..<grid.positions).allSatisfy { i in atoms.count { $0[i] != 0 } == 1 })
            for atom in atoms {
                let pixels = atom.indices.filter { atom[$0] != 0 }
                let rows = Set(pixels.map { $0 / grid.width }), columns = Set(pixels.map { $0 % grid.width })
                #expect(!pixels.isEmpty && pixels.count == rows.count * columns.count)
                #expect(
                    rows.max()! - rows.min()! == rows.count - 1 && columns.max()! - columns.min()! == columns.count - 1)
                // One rounding to Float of each of n elements of 1/√n.
                #expect(pixels.allSatisfy { abs(atom[$0] * Double(pixels.count).squareRoot() - 1) <= floatUnit })
            }
        }
    }

    @Test func cellsByHand() {
        let half = 0.5, root = Double(Float(0.5.squareRoot()))
        #expect(Self.cells(height: 2, width: 2, 1) == [[half, half, half, half]])
        // Two bands of two rows: two cells of two columns, then three of 1, 1 and 2.
        #expect(
            Self.cells(height: 4, width: 4, 5) == [
                [half, half, 0, 0, half, half, 0, 0] + [Double](repeating: 0, count: 8),
                [0, 0, half, half, 0, 0, half, half] + [Double](repeating: 0, count: 8),
                [Double](repeating: 0, count: 8) + [root, 0, 0, 0, root, 0, 0, 0],
                [Double](repeating: 0, count: 8) + [0, root, 0, 0, 0, root, 0, 0],
                [Double](repeating: 0, count: 8) + [0, 0, half, half, 0, 0, half, half],
            ])
    }

    /// Units without a topology: groups of neighbours.
    @Test func aLineIsCutIntoRuns() {
        let atoms = Self.cells(height: 1, width: 7, 3)
        #expect(atoms.map { atom in atom.indices.filter { atom[$0] != 0 } } == [[0, 1], [2, 3], [4, 5, 6]])
    }
}
