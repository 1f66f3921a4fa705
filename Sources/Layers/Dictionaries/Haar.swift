import LinearAlgebra

/// 2-D Haar wavelets on a plane of any sides: an orthonormal basis of the whole plane.
///
/// The plane, and every block in turn, is cut into quarters at ⌊height/2⌋ and ⌊width/2⌋ until blocks are single
/// pixels; a block that is one pixel high or wide is cut in two. A block gives three wavelets (one where it is cut in
/// two), constant on its quarters: left against right, top against bottom, and their product. Halves of p and q pixels
/// weigh √(q/p(p+q)) and −√(p/q(p+q)), which makes the norm 1 and the sum 0 (the unbalanced Haar wavelets of
/// Girardi & Sweldens 1997). On a square whose side is a power of two these are the usual Haar wavelets (nonstandard
/// decomposition; Stollnitz, DeRose & Salesin 1995). Atom 0 is the constant; coarse atoms precede finer ones.
public struct Haar: AtomDictionary {
    public let grid: TensorShape
    private let atoms: [Atom]

    /// Constant along an axis of its block, or one half against the other.
    private struct Atom {
        var rows: Range<Int>, columns: Range<Int>
        var cutsRows = false, cutsColumns = false
    }

    public init(grid: TensorShape) {
        self.grid = grid
        var atoms = [Atom(rows: 0..<grid.height, columns: 0..<grid.width)]
        var blocks = [(rows: 0..<grid.height, columns: 0..<grid.width)]
        while !blocks.isEmpty {
            var quarters: [(rows: Range<Int>, columns: Range<Int>)] = []
            for (rows, columns) in blocks {
                for cutsRows in [false, true] where !cutsRows || rows.count > 1 {
                    for cutsColumns in [false, true] where !cutsColumns || columns.count > 1 {
                        if cutsRows || cutsColumns {
                            atoms.append(
                                Atom(rows: rows, columns: columns, cutsRows: cutsRows, cutsColumns: cutsColumns))
                        }
                    }
                }
                for half in Haar.halves(rows) { quarters += Haar.halves(columns).map { (half, $0) } }
            }
            blocks = quarters.filter { $0.rows.count * $0.columns.count > 1 }
        }
        self.atoms = atoms
    }

    public var positions: Int { grid.positions }

    public func value(of atom: Int, at position: Int) -> Double {
        let atom = atoms[atom]
        return along(atom.rows, cut: atom.cutsRows, at: position / grid.width)
            * along(atom.columns, cut: atom.cutsColumns, at: position % grid.width)
    }

    private func along(_ range: Range<Int>, cut: Bool, at i: Int) -> Double {
        guard range.contains(i) else { return 0 }
        let n = Double(range.count)
        guard cut else { return (1 / n).squareRoot() }
        let p = Double(range.count / 2)
        return i < range.lowerBound + range.count / 2
            ? ((n - p) / (p * n)).squareRoot() : -(p / ((n - p) * n)).squareRoot()
    }

    /// The two halves of a run, or the run itself where it is one pixel.
    private static func halves(_ run: Range<Int>) -> [Range<Int>] {
        let middle = run.lowerBound + run.count / 2
        return run.count == 1 ? [run] : [run.lowerBound..<middle, middle..<run.upperBound]
    }
}

extension DictionaryKind {
    /// Haar wavelets.
    public static let haar = DictionaryKind("haar", .topology) { Haar(grid: $0.grid) }
}
