import LinearAlgebra

/// The x ≥ 0 that makes ‖Ax − b‖ smallest, by active sets (Lawson & Hanson, Solving Least Squares Problems,
/// 1974, algorithm 23.10). Of columns that depend on each other, one comes in, the first that helps most; the others
/// stay at 0.
///
/// - Parameters:
///   - a: row by row.
///   - b: a value a row.
/// - Returns: x, and ‖Ax − b‖².
func nonNegativeLeastSquares(_ a: [[Double]], _ b: [Double]) -> (x: [Double], squares: Double) {
    let n = a.first?.count ?? 0
    let gram = Matrix<Double>(rows: n, columns: n)
    var right = [Double](repeating: 0, count: n)
    // Most of a row is 0: a measurement has few of all constants.
    for (row, value) in zip(a, b) {
        let used = row.indices.filter { row[$0] != 0 }
        for i in used {
            right[i] += row[i] * value
            for j in used { gram[i, j] += row[i] * row[j] }
        }
    }
    // Columns of length 1, since their units differ by many orders.
    let length = (0..<n).map { gram[$0, $0].squareRoot() }
    for i in 0..<n where length[i] > 0 {
        right[i] /= length[i]
        for j in 0..<n where length[j] > 0 { gram[i, j] /= length[i] * length[j] }
    }
    let size = b.reduce(0) { $0 + $1 * $1 }.squareRoot()

    func solve(_ set: [Int], _ values: (Int) -> Double) -> [Double]? {
        let part = Matrix<Double>(rows: set.count, columns: set.count),
            target = Matrix<Double>(rows: 1, columns: set.count)
        for (r, i) in set.enumerated() {
            target[0, r] = values(i)
            for (c, j) in set.enumerated() { part[r, c] = gram[i, j] }
        }
        guard !set.isEmpty, let solved = try? solvePositiveDefinite(part, rows: target) else {
            return set.isEmpty ? [] : nil
        }
        return set.indices.map { solved[0, $0] }
    }
    /// The squared distance of a column from what the set spans, of 1.
    func isIndependent(_ j: Int, of set: [Int]) -> Bool {
        guard let nearest = solve(set, { gram[$0, j] }) else { return false }
        return 1 - zip(set, nearest).reduce(0) { $0 + gram[$1.0, j] * $1.1 } > 1e-9
    }

    var x = [Double](repeating: 0, count: n), set: [Int] = [], refused: Set<Int> = []
    while true {
        let slope = (0..<n).map { i in right[i] - set.reduce(0) { $0 + gram[i, $1] * x[$1] } }
        let open = (0..<n).filter {
            !set.contains($0) && !refused.contains($0) && length[$0] > 0 && slope[$0] > 1e-11 * size
        }
        guard let next = open.max(by: { slope[$0] < slope[$1] }) else { break }
        // One that rounding alone lets in would go out again at once, and so on.
        guard isIndependent(next, of: set), var best = solve(set + [next], { right[$0] }), best.last! > 0 else {
            refused.insert(next)
            continue
        }
        set.append(next)
        refused.removeAll()
        // x goes as far towards the best as all stay above 0; the first that would not goes out.
        while let (part, first) = zip(set, best).filter({ $1 <= 0 }).map({ (x[$0] / (x[$0] - $1), $0) }).min(by: {
            $0.0 < $1.0
        }) {
            for (j, value) in zip(set, best) { x[j] += part * (value - x[j]) }
            for j in set where j == first || x[j] <= 1e-14 * size { x[j] = 0 }
            set.removeAll { x[$0] == 0 }
            // A part of what could be solved can be.
            best = solve(set) { right[$0] } ?? set.map { x[$0] }
        }
        for (j, value) in zip(set, best) { x[j] = value }
    }
    let result = (0..<n).map { length[$0] > 0 ? x[$0] / length[$0] : 0 }
    let squares = a.indices.reduce(0) { sum, r in
        let off = zip(a[r], result).reduce(-b[r]) { $0 + $1.0 * $1.1 }
        return sum + off * off
    }
    return (result, squares)
}
