import Layers
import LinearAlgebra

/// PowerSGD (Vogels, Karimireddy & Jaggi, NeurIPS 2019, algorithms 1 and 2): a parameter's gradient M, units × values
/// a unit, is summed as the product PQᵀ of two thin matrices, which one step of the power method from the last Q
/// makes. What that leaves out stays with the ranks and is added to their next gradients.
///
/// Two allreduces, of P with what is not approximated, and of Q: r·(units + weights) values per parameter, its biases,
/// and whole those parameters that this would not make smaller. 6·r flops a weight.
final class PowerSGD: RankSum {
    private struct Approximation {
        let parameter: Int
        /// Pᵀ in the first buffer, Qᵀ in the second: r rows.
        let p: Matrix<Float>
        let q: Matrix<Float>
        /// The sums of the last column, the biases, in the first buffer.
        let biases: Matrix<Float>
        let errorFeedback: Matrix<Float>

        /// Draws a column of Q, the same on all ranks.
        func begin(_ column: Int) {
            let stream = RandomStream(seed: 0, purpose: .approximation, stream: parameter)
            stream.fillNormal(q.row(column), from: column * q.columns)
        }
    }

    private let approximations: [Approximation]
    /// Parameters that are summed as they are, and where.
    private let whole: [(parameter: Int, place: Matrix<Float>)]
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
        let (first, second, _) = Self.sizes(
            of: gradient.parameters.map { ($0.name, $0.units, $0.valuesPerUnit) }, rank: rank)
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
        for (b, parameter) in gradient.parameters.enumerated() {
            guard Self.isSmaller(units: parameter.units, valuesPerUnit: parameter.valuesPerUnit, rank: rank) else {
                whole.append((b, take(firstBuffer, 0, rows: parameter.units, columns: parameter.valuesPerUnit)))
                continue
            }
            let weights = parameter.valuesPerUnit - 1
            let approximation = Approximation(
                parameter: b, p: take(firstBuffer, 0, rows: rank, columns: parameter.units),
                q: take(secondBuffer, 1, rows: rank, columns: weights),
                biases: take(firstBuffer, 0, rows: parameter.units, columns: 1),
                errorFeedback: Matrix(rows: parameter.units, columns: weights))
            for column in 0..<rank { approximation.begin(column) }
            approximations.append(approximation)
        }
        self.approximations = approximations
        self.whole = whole
    }

    /// Whether the two thin matrices of a parameter hold fewer values than its weights.
    private static func isSmaller(units: Int, valuesPerUnit: Int, rank: Int) -> Bool {
        rank * (units + valuesPerUnit - 1) < units * (valuesPerUnit - 1)
    }

    /// The values of the two buffers that are summed, and of what the approximation leaves out.
    static func sizes(
        of parameters: [LearnedValues.Shape], rank: Int
    ) -> (first: Int, second: Int, errorFeedback: Int) {
        var first = 0, second = 0, errorFeedback = 0
        for (_, units, valuesPerUnit) in parameters {
            guard isSmaller(units: units, valuesPerUnit: valuesPerUnit, rank: rank) else {
                first += units * valuesPerUnit
                continue
            }
            first += (rank + 1) * units
            second += rank * (valuesPerUnit - 1)
            errorFeedback += units * (valuesPerUnit - 1)
        }
        return (first, second, errorFeedback)
    }

    func archive(to archive: StateArchive) throws {
        for a in approximations {
            try archive.matrix("Q.\(a.parameter)", a.q, .replicated)
            try archive.matrix("error-feedback.\(a.parameter)", a.errorFeedback, .summed)
        }
    }

    func sum(_ gradient: LearnedValues) throws {
        for (parameter, place) in whole { place.copy(from: gradient.matrix(parameter)) }
        for a in approximations {
            let (weights, biases) = parts(gradient, a)
            for r in 0..<weights.rows {
                let row = weights.row(r), errorFeedback = a.errorFeedback.row(r)
                for i in row.indices { row[i] += errorFeedback[i] }
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
        for (parameter, place) in whole { gradient.matrix(parameter).copy(from: place) }
        for a in approximations {
            let (weights, biases) = parts(gradient, a)
            a.errorFeedback.copy(from: weights)
            multiply(a.p, a.q, transposed: .first, into: weights)
            // A rank's part of the sum is 1/P of it, so what is left out is, too.
            for r in 0..<weights.rows {
                let sum = weights.row(r), errorFeedback = a.errorFeedback.row(r)
                for i in sum.indices { errorFeedback[i] -= sum[i] / ranks }
            }
            biases.copy(from: a.biases)
            // Where the gradient had a lower rank, Q has a column of zeros, which would stay one.
            for column in 0..<a.p.rows where norm(a.p.row(column)) == 0 { a.begin(column) }
        }
    }

    private func parts(
        _ gradient: LearnedValues, _ a: Approximation
    ) -> (weights: Matrix<Float>, biases: Matrix<Float>) {
        let all = gradient.matrix(a.parameter)
        return (all.columns(0..<all.columns - 1), all.columns(all.columns - 1..<all.columns))
    }
}

/// Gram–Schmidt on the rows of a matrix of few, inner products in Double, each row twice, since the first time
/// leaves much of those before in one that nearly depends on them. A row that depends on them becomes zeros.
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
