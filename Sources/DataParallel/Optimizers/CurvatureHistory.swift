import LinearAlgebra

/// The last pairs of steps and gradient changes that L-BFGS keeps, of the values that this rank owns, and all their
/// inner products.
///
/// The two-loop recursion runs on inner products alone, so it needs no vector that another rank holds and, a whole
/// iteration taken together, one allreduce (Chen, Wang & Zhou, "Large-scale L-BFGS using MapReduce", NIPS 2014).
/// Memory: 2·pairs + 1 vectors of the share, Float; the products are Double. An inner product is the sum of those of
/// groups of values, in the order of groups: in a reproducible reduction a group is a unit, else it is a rank's
/// share, and MPI adds them.
struct CurvatureHistory {
    /// Rows: the steps s at 0..<capacity, the changes y at capacity..<2·capacity, the gradient last.
    private let basis: Matrix<Float>
    private let capacity: Int
    /// Inner products of all rows of `basis`, summed over ranks.
    private var products: [Double]
    /// Coefficients of the direction in the basis.
    private var coefficients: [Double]
    private var multipliers: [Double]
    /// Inner products of the newest s, y and g with every row, group by group, zeros where another rank has the group:
    /// what the one allreduce sums.
    private var fresh: [Double]
    private let ownGroups: Range<Int>
    private(set) var count = 0
    private var newest = 0

    /// - Parameters:
    ///   - share: values of this rank.
    ///   - groups: which groups it holds, of how many, all of one length.
    init(capacity: Int, share: Int, groups: (count: Int, own: Range<Int>)) {
        self.capacity = capacity
        basis = Matrix(rows: 2 * capacity + 1, columns: share)
        let size = 2 * capacity + 1
        products = [Double](repeating: 0, count: size * size)
        coefficients = [Double](repeating: 0, count: size)
        multipliers = [Double](repeating: 0, count: capacity)
        fresh = [Double](repeating: 0, count: groups.count * 3 * size)
        ownGroups = groups.own
    }

    private var size: Int { 2 * capacity + 1 }
    private var share: Int { basis.columns }

    /// Where the gradient of the current point belongs.
    var gradient: UnsafeMutablePointer<Float> { basis.row(2 * capacity).baseAddress! }

    var squaredGradientNorm: Double { products[size * size - 1] }

    /// Takes the newest gradient into the products after `gradient` was written, with the pair that led there, unless
    /// it is nil.
    ///
    /// - Parameter sum: sums its argument over ranks, in place: the one allreduce of the iteration, 3·(2·pairs + 1)
    ///   Doubles a group.
    mutating func take(
        step: UnsafePointer<Float>?, change: UnsafePointer<Float>?,
        sum: (UnsafeMutableBufferPointer<Double>) throws -> Void
    ) rethrows {
        if let step, let change {
            newest = count == 0 ? 0 : (newest + 1) % capacity
            count = min(count + 1, capacity)
            basis.row(newest).baseAddress!.update(from: step, count: share)
            basis.row(capacity + newest).baseAddress!.update(from: change, count: share)
        }
        let changed = (newest, capacity + newest, 2 * capacity)
        for i in fresh.indices { fresh[i] = 0 }
        let width = share / max(ownGroups.count, 1)
        for (g, group) in ownGroups.enumerated() {
            let first = group * 3 * size, start = g * width
            for other in 0..<size {
                let row = basis.row(other).baseAddress! + start
                fresh[first + other] = dot(basis.row(changed.0).baseAddress! + start, row, count: width)
                fresh[first + size + other] = dot(basis.row(changed.1).baseAddress! + start, row, count: width)
                fresh[first + 2 * size + other] = dot(basis.row(changed.2).baseAddress! + start, row, count: width)
            }
        }
        try fresh.withUnsafeMutableBufferPointer { try sum($0) }
        for i in 3 * size..<fresh.count { fresh[i % (3 * size)] += fresh[i] }
        for other in 0..<size {
            set(changed.0, other, fresh[other])
            set(changed.1, other, fresh[size + other])
            set(changed.2, other, fresh[2 * size + other])
        }
        // The line search may end without its curvature condition: such a pair would turn the direction uphill.
        let change2 = products[changed.1 * size + changed.1]
        if step != nil, products[changed.0 * size + changed.1] <= 1e-12 * change2 { forget() }
    }

    private mutating func set(_ a: Int, _ b: Int, _ value: Double) {
        products[a * size + b] = value
        products[b * size + a] = value
    }

    /// Forgets every pair, after which the direction is that of steepest descent.
    mutating func forget() { count = 0 }

    /// Writes the direction −H·g of this rank's share and returns its slope g·d, from the products alone.
    mutating func direction(into direction: UnsafeMutablePointer<Float>) -> Double {
        let g = 2 * capacity
        for i in 0..<size { coefficients[i] = 0 }
        coefficients[g] = -1
        for age in 0..<count {
            let s = (newest - age + capacity) % capacity, y = capacity + s
            multipliers[age] = product(with: s) / products[s * size + y]
            coefficients[y] -= multipliers[age]
        }
        if count > 0 {
            let y = capacity + newest
            let scale = products[newest * size + y] / products[y * size + y]
            for i in 0..<size { coefficients[i] *= scale }
        }
        for age in (0..<count).reversed() {
            let s = (newest - age + capacity) % capacity, y = capacity + s
            coefficients[s] += multipliers[age] - product(with: y) / products[s * size + y]
        }
        coefficients.withUnsafeBufferPointer { combineRows(of: basis, weights: $0.baseAddress!, into: direction) }
        return product(with: g)
    }

    /// Hands over the pairs, the gradient and their inner products.
    ///
    /// - Parameters:
    ///   - rowLength: values of a unit.
    ///   - layout: which units are this rank's.
    mutating func archive(to archive: StateArchive, rowLength: Int, layout: RankLayout) throws {
        try archive.number("pairs", &count, in: 0...capacity)
        try archive.number("newest", &newest, in: 0...capacity - 1)
        for row in 0..<size { try archive.tensor("basis.\(row)", basis.row(row), rowLength: rowLength, layout) }
        try archive.numbers("products", &products)
    }

    /// The inner product of the direction so far with one row of the basis.
    private func product(with row: Int) -> Double {
        var sum = 0.0
        for i in 0..<size where coefficients[i] != 0 { sum += coefficients[i] * products[row * size + i] }
        return sum
    }
}
