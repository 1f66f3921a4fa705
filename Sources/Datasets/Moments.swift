import LinearAlgebra

/// Count, sum and outer products of rows, kept so that ranks can add theirs.
///
/// Outer products are made in Float over blocks of at most 1,000 rows and added in Double.
public struct Moments: Sendable {
    /// Values of a row, n.
    public let size: Int
    /// The count, the n sums, then the lower triangle of Σ xxᵀ row by row: 1 + n + n(n+1)/2 sums. Moments of several
    /// ranks are one by adding these element by element, in one allreduce.
    public var sums: [Double]

    public init(size: Int) {
        self.size = size
        sums = [Double](repeating: 0, count: 1 + size + size * (size + 1) / 2)
    }

    /// Takes in rows. n(n+1) flops a row.
    public mutating func add(_ rows: Matrix<Float>) {
        precondition(rows.columns == size, "moments of \(size) values from rows of \(rows.columns)")
        let gram = Matrix<Float>(rows: size, columns: size)
        let n = size
        for start in stride(from: 0, to: rows.rows, by: 1000) {
            let block = rows.rows(start ..< min(start + 1000, rows.rows))
            lowerGram(of: block, into: gram)
            sums.withUnsafeMutableBufferPointer { sums in
                sums[0] += Double(block.rows)
                let sum = sums.baseAddress! + 1
                for r in 0..<block.rows {
                    let row = block.row(r)
                    for c in 0..<n { sum[c] += Double(row[c]) }
                }
                var outer = sum + n
                for r in 0..<n {
                    let row = gram.row(r)
                    for c in 0...r { outer[c] += Double(row[c]) }
                    outer += r + 1
                }
            }
        }
    }

    public var count: Int { Int(sums[0]) }

    /// The mean of the rows.
    public var mean: [Double] { sums[1 ..< 1 + size].map { $0 / sums[0] } }

    /// Σ xxᵀ, n×n.
    public var outerProducts: Matrix<Double> {
        let result = Matrix<Double>(rows: size, columns: size)
        var next = 1 + size
        for r in 0..<size {
            for c in 0...r {
                result[r, c] = sums[next]
                next += 1
            }
        }
        mirrorLowerTriangle(of: result)
        return result
    }

    /// The covariance of the rows over count − 1, n×n.
    public var covariance: Matrix<Double> {
        let result = outerProducts
        let mean = mean
        for r in 0..<size {
            for c in 0..<size { result[r, c] = (result[r, c] - sums[0] * mean[r] * mean[c]) / max(sums[0] - 1, 1) }
        }
        return result
    }
}
