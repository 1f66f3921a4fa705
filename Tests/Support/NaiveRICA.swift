/// RICA as the textbook has it, in Double, with five products over the patches:
/// mean of λΣ√((Ŵx)² + ε) + ½‖ŴᵀŴx − x‖², where row k of W is U_j w_k and Ŵ has normalised rows.
public struct NaiveRICA {
    /// A column's units and its whole U, n_v × n_α.
    public var columns: [(units: Range<Int>, basis: Rows)]
    public var patches: Rows
    public var lambda: Double
    public var epsilon: Double
    /// A row r is divided by √(n_v·r C̄ rᵀ) instead of ‖r‖.
    public var variance: Bool

    public init(
        columns: [(units: Range<Int>, basis: Rows)], patches: Rows, lambda: Double, epsilon: Double, variance: Bool
    ) {
        self.columns = columns
        self.patches = patches
        self.lambda = lambda
        self.epsilon = epsilon
        self.variance = variance
    }

    /// Σxxᵀ.
    public var outerProducts: Rows { naiveProduct(naiveTransposed(patches), patches) }

    public func evaluate(_ values: Rows) -> (value: Double, gradient: Rows) {
        let count = Double(patches.count), inputs = patches[0].count
        let w = columns.flatMap { naiveProduct(Array(values[$0.units]), naiveTransposed($0.basis)) }
        var through = w  // the gradient of N² / 2 for each row
        if variance { through = naiveProduct(w, outerProducts).map { $0.map { $0 * Double(inputs) / count } } }
        let norms = zip(w, through).map { zip($0, $1).reduce(0) { $0 + $1.0 * $1.1 }.squareRoot() }
        let rows = zip(w, norms).map { row, norm in row.map { $0 / norm } }

        let y = naiveProduct(patches, naiveTransposed(rows))
        let rebuilt = naiveProduct(y, rows)
        let rest = zip(rebuilt, patches).map { zip($0, $1).map { $0 - $1 } }
        let sparse = y.joined().reduce(0) { $0 + ($1 * $1 + epsilon).squareRoot() }
        let value = (lambda * sparse + 0.5 * rest.joined().reduce(0) { $0 + $1 * $1 }) / count

        // ∂L/∂Ŵ = (λ·slope + Ŵe)xᵀ + y eᵀ
        let back = naiveProduct(rest, naiveTransposed(rows))
        let inner = zip(y, back).map { zip($0, $1).map { lambda * $0 / ($0 * $0 + epsilon).squareRoot() + $1 } }
        let first = naiveProduct(naiveTransposed(inner), patches), second = naiveProduct(naiveTransposed(y), rest)
        var gradient: Rows = []
        for (units, basis) in columns {
            let part = units.map { k -> [Double] in
                let g = zip(first[k], second[k]).map { ($0 + $1) / count }
                let along = zip(g, rows[k]).reduce(0) { $0 + $1.0 * $1.1 }
                return zip(g, through[k]).map { ($0 - along * $1 / norms[k]) / norms[k] }
            }
            gradient += naiveProduct(part, basis)
        }
        return (value, gradient)
    }

    /// The objective by two products instead of five, with a bound on each number's rounding in Float: every product is
    /// the one of the fast path, so the bound follows its chain of roundings.
    public func bounded(_ values: Rows, expanded: Bool) -> (value: Double, error: Double, gradient: Bounded) {
        let u = floatUnit, count = Double(patches.count), inputs = patches[0].count
        let products = Bounded(outerProducts, relativeError: u)
        let mean = Bounded(outerProducts.map { $0.map { $0 / count } }, relativeError: u)
        let x = Bounded(patches)
        var sparse = 0.0, sparseError = 0.0
        var rows = Bounded([]), atRows: [(g: Bounded, w: Bounded, q: Bounded, norms: [Double], relative: [Double])] = []
        for (units, matrix) in columns {
            let basis = Bounded(matrix), w = Bounded(Array(values[units]))
            let metric =
                variance
                ? basis.transposed.times(mean).times(basis, factor: Double(inputs)) : basis.transposed.times(basis)
            var q = w.times(metric), normalised = w, norms: [Double] = [], relative: [Double] = []
            for k in w.value.indices {
                let square = zip(w.value[k], q.value[k]).reduce(0) { $0 + $1.0 * $1.1 }
                let error = zip(w.value[k], q.error[k]).reduce(0) { $0 + abs($1.0) * $1.1 }
                let norm = square.squareRoot(), low = max(square - error, 0).squareRoot()
                let r = norm / low * (1 + 3 * u) - 1  // of 1/N, rounded, times a number, rounded
                norms.append(norm)
                relative.append(r)
                for i in w.value[k].indices {
                    normalised.value[k][i] /= norm
                    normalised.error[k][i] = abs(normalised.value[k][i]) * r
                    q.value[k][i] /= norm
                    q.error[k][i] = q.error[k][i] / norm * (1 + r) + abs(q.value[k][i]) * r
                }
            }
            let own = normalised.times(basis.transposed)
            rows.value += own.value
            rows.error += own.error
            let pooled = x.times(basis)
            let y = expanded ? x.times(own.transposed) : pooled.times(normalised.transposed)
            // √(y²+ε) moves no more than y, plus 2u for itself and 31u for a run of 32; the slope's own slope is
            // ε/(y²+ε)^1.5.
            var slopes = y
            for r in y.value.indices {
                for c in y.value[r].indices {
                    let v = y.value[r][c], e = y.error[r][c], root = (v * v + epsilon).squareRoot()
                    sparse += root
                    sparseError += e + 35 * u * (root + e)
                    let near = max(abs(v) - e, 0), square = near * near + epsilon
                    slopes.value[r][c] = v / root
                    slopes.error[r][c] = min(e * epsilon / (square * square.squareRoot()), 2) + 4 * u
                }
            }
            let scale = lambda / count
            let g =
                expanded
                ? slopes.transposed.times(x, factor: scale).times(basis)
                : slopes.transposed.times(pooled, factor: scale)
            atRows.append((g, normalised, q, norms, relative))
        }
        var deviation = rows.transposed.times(rows)
        for i in 0..<inputs {
            deviation.value[i][i] -= 1
            deviation.error[i][i] += u * (abs(deviation.value[i][i]) + deviation.error[i][i])
        }
        let product = deviation.times(products)
        let terms = product.map(deviation) { a, da, b, db in (a * b, abs(a) * db + da * abs(b) + da * db) }
        let reconstruction = 0.5 * terms.value.joined().reduce(0, +), error = 0.5 * terms.error.joined().reduce(0, +)
        let ownGradient = rows.times(product.plus(product.transposed), factor: 1 / count)

        var gradient = Bounded([])
        for ((units, matrix), (g, w, q, norms, relative)) in zip(columns, atRows) {
            let own = Bounded(value: Array(ownGradient.value[units]), error: Array(ownGradient.error[units]))
            var total = g.plus(own.times(Bounded(matrix)))
            for k in total.value.indices {
                let terms = zip(zip(total.value[k], total.error[k]), zip(w.value[k], w.error[k]))
                let along = terms.reduce(0) { $0 + $1.0.0 * $1.1.0 }
                let alongError =
                    u * abs(along) + terms.reduce(0) { $0 + abs($1.0.0) * $1.1.1 + $1.0.1 * (abs($1.1.0) + $1.1.1) }
                for i in total.value[k].indices {
                    let a = total.value[k][i], da = total.error[k][i], b = q.value[k][i], db = q.error[k][i]
                    let size = abs(a) + da + (abs(along) + alongError) * (abs(b) + db)
                    let difference = da + abs(along) * db + alongError * (abs(b) + db) + 3 * u * size
                    let value = (a - along * b) / norms[k]
                    total.value[k][i] = value
                    total.error[k][i] = difference / norms[k] * (1 + relative[k]) + abs(value) * relative[k]
                }
            }
            gradient.value += total.value
            gradient.error += total.error
        }
        return ((lambda * sparse + reconstruction) / count, (lambda * sparseError + error) / count, gradient)
    }
}
