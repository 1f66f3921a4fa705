/// Plain loops in Double, the truth that fast code is compared with.
public typealias Rows = [[Double]]

public func naiveProduct(_ a: Rows, _ b: Rows) -> Rows {
    a.map { row in
        var sums = [Double](repeating: 0, count: b.first?.count ?? 0)
        for (k, x) in row.enumerated() { for c in sums.indices { sums[c] += x * b[k][c] } }
        return sums
    }
}

public func naiveTransposed(_ a: Rows) -> Rows {
    (0..<(a.first?.count ?? 0)).map { c in a.map { $0[c] } }
}

/// X with AX = B by Gauss–Jordan elimination with row exchanges.
public func naiveSolve(_ a: Rows, _ b: Rows) -> Rows {
    var work = zip(a, b).map { $0 + $1 }
    for k in a.indices {
        let best = (k..<a.count).max { abs(work[$0][k]) < abs(work[$1][k]) }!
        work.swapAt(k, best)
        let pivot = work[k]
        for r in a.indices {
            let factor = r == k ? 1 - 1 / pivot[k] : work[r][k] / pivot[k]
            for c in work[r].indices { work[r][c] -= factor * pivot[c] }
        }
    }
    return work.map { Array($0[a.count...]) }
}

/// The slope of a function at a point, one value at a time, by central differences.
public func finiteDifferences(at x: Rows, step: Double, _ f: (Rows) -> Double) -> Rows {
    x.indices.map { r in
        x[r].indices.map { c in
            var above = x, below = x
            above[r][c] += step
            below[r][c] -= step
            return (f(above) - f(below)) / (2 * step)
        }
    }
}

public func largest(_ a: Rows) -> Double { a.joined().map(abs).max() ?? 0 }

public func largestDifference(_ a: Rows, _ b: Rows) -> Double {
    zip(a.joined(), b.joined()).map { abs($0 - $1) }.max() ?? 0
}
