import LinearAlgebra

/// Down-sampled images and kernels as a dictionary: atoms are the cells of a plane, so that xU is the image made
/// smaller and Uw a small kernel made larger. The baseline that a prediction from learned positions must beat.
///
/// `count` cells of nearly equal size: rows are cut into r = round(√(count·height/width)) bands, r such that no band
/// has more cells than columns, band i from row ⌊i·height/r⌋ on; it has ⌊(i+1)·count/r⌋ − ⌊i·count/r⌋
/// cells, cut the same way along the columns. An atom is its cell's indicator over the square root of its pixels, so U
/// is orthonormal; with as many cells as positions it is the identity.
public struct Downsampling: WeightDictionary {
    /// The shape of the plane that is made smaller.
    public let grid: TensorShape

    public init(grid: TensorShape) {
        self.grid = grid
    }

    public func matrix(alpha: [Int], stream: ColumnStream) -> Matrix<Float> {
        let count = alpha.count, dictionary = Matrix<Float>(rows: grid.positions, columns: count)
        let square = (Double(count * grid.height) / Double(grid.width)).squareRoot()
        let bands = min(max(Int(square.rounded()), (count + grid.width - 1) / grid.width), min(grid.height, count))
        func start(_ i: Int, of n: Int, into k: Int) -> Int { i * n / k }
        for band in 0..<bands {
            let rows = start(band, of: grid.height, into: bands)..<start(band + 1, of: grid.height, into: bands)
            let atoms = start(band, of: count, into: bands)..<start(band + 1, of: count, into: bands)
            for (cell, atom) in atoms.enumerated() {
                let columns =
                    start(cell, of: grid.width, into: atoms.count)..<start(cell + 1, of: grid.width, into: atoms.count)
                let value = Float((1 / Double(rows.count * columns.count)).squareRoot())
                for y in rows { for x in columns { dictionary[y * grid.width + x, atom] = value } }
            }
        }
        return dictionary
    }
}

extension DictionaryKind {
    /// Cells of the plane: down-sampled inputs and kernels.
    public static let downsample = DictionaryKind("downsample", [.topology, .leading]) { Downsampling(grid: $0.grid) }
}
