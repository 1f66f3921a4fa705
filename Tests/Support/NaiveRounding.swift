/// Half the distance from 1 to the next Float: the relative error of one rounding.
public let floatUnit = 0x1p-24

/// What n roundings in a row can do to a number, relatively: nu/(1 − nu) (Higham, Accuracy and Stability, lemma 3.1).
public func floatGamma(_ n: Int) -> Double { Double(n) * floatUnit / (1 - Double(n) * floatUnit) }

/// Numbers in Double, each with a bound on how far the same computation in Float can be from it (running error
/// analysis).
///
/// For a product with inner dimension k, any order of summation and with or without fused additions: |fl(ÂB̂) − AB|
/// ≤ |A|δB + δA|B| + δAδB + γ_{k+4}(|A| + δA)(|B| + δB), where four more roundings pay for a factor and an
/// addition to what was there.
public struct Bounded {
    public var value: Rows
    public var error: Rows

    /// Numbers that Float holds exactly, or with a relative error.
    public init(_ value: Rows, relativeError: Double = 0) {
        self.value = value
        error = value.map { $0.map { abs($0) * relativeError } }
    }

    public init(value: Rows, error: Rows) {
        self.value = value
        self.error = error
    }

    public var transposed: Bounded { Bounded(value: naiveTransposed(value), error: naiveTransposed(error)) }

    public func times(_ other: Bounded, factor: Double = 1) -> Bounded {
        let gamma = floatGamma(other.value.count + 4)
        let magnitude = naiveProduct(value.map { $0.map(abs) }, other.value.map { $0.map(abs) })
        let worst = naiveProduct(sum(value, error), sum(other.value, other.error))
        return Bounded(
            value: naiveProduct(value, other.value).map { $0.map { $0 * factor } },
            error: zip(magnitude, worst).map { zip($0, $1).map { abs(factor) * ($1 - $0 + gamma * $1) } })
    }

    public func plus(_ other: Bounded) -> Bounded {
        map(other) { a, da, b, db in (a + b, da + db + floatUnit * (abs(a + b) + da + db)) }
    }

    /// Element by element: (value, error) from both operands' values and errors.
    public func map(_ other: Bounded, _ f: (Double, Double, Double, Double) -> (Double, Double)) -> Bounded {
        var result = self
        for r in value.indices {
            for c in value[r].indices {
                (result.value[r][c], result.error[r][c]) = f(
                    value[r][c], error[r][c], other.value[r][c], other.error[r][c])
            }
        }
        return result
    }

    /// How many times its bound the worst element of a Float result is off; at most 1 where the result is right.
    public func excess(of result: [[Float]]) -> Double {
        var worst = 0.0
        for r in value.indices {
            for c in value[r].indices {
                let difference = abs(Double(result[r][c]) - value[r][c])
                // NaN must not pass, and an exact zero needs no bound.
                if !(difference <= 0) { worst = max(worst, difference.isFinite ? difference / error[r][c] : .infinity) }
            }
        }
        return worst
    }

    private func sum(_ a: Rows, _ b: Rows) -> Rows { zip(a, b).map { zip($0, $1).map { abs($0) + $1 } } }
}
