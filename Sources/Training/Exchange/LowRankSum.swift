import Layers
import LinearAlgebra

/// PowerSGD (Vogels, Karimireddy & Jaggi, NeurIPS 2019, algorithms 1 and 2): a bucket's gradient M, units × values a
/// unit, is summed as the product PQᵀ of two thin matrices, which one step of the power method from the last Q makes.
/// What that leaves out stays with the ranks and is added to their next gradients.
///
/// Two allreduces, of P with what is not approximated, and of Q: r·(units + weights) values a bucket, its biases, and
/// whole those buckets that this would not make smaller. 6·r flops a weight.
final class LowRankSum: RankSum {
    private struct Approximation {
        let bucket: Int
        /// Pᵀ in the first buffer, Qᵀ in the second: r rows.
        let p: Matrix<Float>
        let q: Matrix<Float>
        /// The sums of the last column, the biases, in the first buffer.
        let biases: Matrix<Float>
        let residual: Matrix<Float>

        /// Draws a column of Q, the same on all ranks.
        func begin(_ column: Int) {
            let stream = RandomStream(seed: 0, purpose: .approximation, stream: bucket)
            stream.fillNormal(q.row(column), from: column * q.columns)
        }
    }

    private let approximations: [Approximation]
    /// Buckets that are summed as they are, and where.
    private let whole: [(bucket: Int, place: Matrix<Float>)]
    private let firstBuffer: Matrix<Float>
    private let secondBuffer: Matrix<Float>
    private let firstSum: FlatSum
    private let secondSum: FlatSum
    private let ranks: Float

    /// - Parameters:
    ///   - gradient: what will be summed, for its shapes.
    ///   - rank: r.
    ///   - sum: makes the sum of a buffer of some length.
    init(_ gradient: LearnedValues, rank: Int, ranks: Int, sum: (Int) -> FlatSum) {
        let (first, second, _) = Self.sizes(of: gradient.buckets.map { ($0.units, $0.valuesPerUnit) }, rank: rank)
        firstBuffer = Matrix(rows: 1, columns: first)
        secondBuffer = Matrix(rows: 1, columns: second)
        firstSum = sum(first)
        secondSum = sum(second)
        self.ranks = Float(ranks)
        var offsets = [0, 0]
        func take(_ buffer: Matrix<Float>, _ which: Int, rows: Int, columns: Int) -> Matrix<Float> {
            defer { offsets[which] += rows * columns }
            let place = offsets[which]..<offsets[which] + rows * columns
            return buffer.columns(place).reshaped(rows: rows, columns: columns)
        }
        var approximations: [Approximation] = [], whole: [(Int, Matrix<Float>)] = []
        for (b, bucket) in gradient.buckets.enumerated() {
            guard Self.isSmaller(units: bucket.units, valuesPerUnit: bucket.valuesPerUnit, rank: rank) else {
                whole.append((b, take(firstBuffer, 0, rows: bucket.units, columns: bucket.valuesPerUnit)))
                continue
            }
            let weights = bucket.valuesPerUnit - 1
            let approximation = Approximation(
                bucket: b, p: take(firstBuffer, 0, rows: rank, columns: bucket.units),
                q: take(secondBuffer, 1, rows: rank, columns: weights),
                biases: take(firstBuffer, 0, rows: bucket.units, columns: 1),
                residual: Matrix(rows: bucket.units, columns: weights))
            for column in 0..<rank { approximation.begin(column) }
            approximations.append(approximation)
        }
        self.approximations = approximations
        self.whole = whole
    }

    /// Whether the two thin matrices of a bucket hold fewer values than its weights.
    private static func isSmaller(units: Int, valuesPerUnit: Int, rank: Int) -> Bool {
        rank * (units + valuesPerUnit - 1) < units * (valuesPerUnit - 1)
    }

    /// The values of the two buffers that are summed, and of what the approximation leaves out.
    static func sizes(
        of buckets: [(units: Int, valuesPerUnit: Int)], rank: Int
    ) -> (first: Int, second: Int, residual: Int) {
        var first = 0, second = 0, residual = 0
        for (units, valuesPerUnit) in buckets {
            guard isSmaller(units: units, valuesPerUnit: valuesPerUnit, rank: rank) else {
                first += units * valuesPerUnit
                continue
            }
            first += (rank + 1) * units
            second += rank * (valuesPerUnit - 1)
            residual += units * (valuesPerUnit - 1)
        }
        return (first, second, residual)
    }

    var bytes: Int { firstSum.bytes + secondSum.bytes }
    var wireBytes: Int { firstSum.wireBytes + secondSum.wireBytes }
    var heldFloats: Int {
        firstBuffer.columns + secondBuffer.columns + firstSum.heldFloats + secondSum.heldFloats
            + approximations.reduce(0) { $0 + $1.residual.rows * $1.residual.columns }
    }

    func sum(_ gradient: LearnedValues) throws {
        for (bucket, place) in whole { place.copy(from: gradient.matrix(bucket)) }
        for a in approximations {
            let (weights, biases) = parts(gradient, a)
            for r in 0..<weights.rows {
                let row = weights.row(r), residual = a.residual.row(r)
                for i in row.indices { row[i] += residual[i] }
            }
            multiply(a.q, weights, transposed: .second, into: a.p)
            a.biases.copy(from: biases)
        }
        try firstSum.sum(firstBuffer.elements)
        for a in approximations {
            orthonormalise(a.p)
            multiply(a.p, parts(gradient, a).weights, into: a.q)
        }
        try secondSum.sum(secondBuffer.elements)
        for (bucket, place) in whole { gradient.matrix(bucket).copy(from: place) }
        for a in approximations {
            let (weights, biases) = parts(gradient, a)
            a.residual.copy(from: weights)
            multiply(a.p, a.q, transposed: .first, into: weights)
            // A rank's part of the sum is 1/P of it, so what is left out is, too.
            for r in 0..<weights.rows {
                let sum = weights.row(r), residual = a.residual.row(r)
                for i in sum.indices { residual[i] -= sum[i] / ranks }
            }
            biases.copy(from: a.biases)
            // Where the gradient had a lower rank, Q has a column of zeros, which would stay one.
            for column in 0..<a.p.rows where norm(a.p.row(column)) == 0 { a.begin(column) }
        }
    }

    private func parts(
        _ gradient: LearnedValues, _ a: Approximation
    ) -> (weights: Matrix<Float>, biases: Matrix<Float>) {
        let all = gradient.matrix(a.bucket)
        return (all.columns(0..<all.columns - 1), all.columns(all.columns - 1..<all.columns))
    }
}

/// Gram–Schmidt on the rows of a matrix of few, inner products in Double, each row twice: of one that nearly depends on
/// those before, the first time leaves much of them. A row that depends on them becomes zeros.
private func orthonormalise(_ m: Matrix<Float>) {
    for r in 0..<m.rows {
        let row = m.row(r), before = norm(row)
        for other in 0..<2 * r {
            let other = m.row(other % r)
            let product = Float(row.indices.reduce(0) { $0 + Double(other[$1]) * Double(row[$1]) })
            for i in row.indices { row[i] -= product * other[i] }
        }
        let length = norm(row)
        // What is left of rounding alone has no direction. In Double, since a Float may be too small to have a
        // reciprocal.
        let scale = length > 1e-5 * before ? 1 / length : 0
        for i in row.indices { row[i] = Float(scale * Double(row[i])) }
    }
}

private func norm(_ row: UnsafeMutableBufferPointer<Float>) -> Double {
    row.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
}
