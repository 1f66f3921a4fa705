/// An exchange that was measured, for `ExchangeFit`. On one rank nothing travels: hops and bytes are 0.
package struct MeasuredExchange {
    let seconds: Double
    /// What latency, seconds a byte and handling are multiplied with.
    let hops, bytes, payload: Double
    /// Which of the constants these are.
    let latency, perByte, handling: Int
    /// Seconds a byte takes at the rate of the link: the constant is what it takes beyond.
    let leastPerByte: Double

    package init(
        seconds: Double, hops: Double, bytes: Double, payload: Double, latency: Int, perByte: Int, handling: Int,
        leastPerByte: Double
    ) {
        self.seconds = seconds
        self.hops = hops
        self.bytes = bytes
        self.payload = payload
        self.latency = latency
        self.perByte = perByte
        self.handling = handling
        self.leastPerByte = leastPerByte
    }
}

/// The law of exchanges, √(hops² + bytes²) + handling, all in seconds, and its constants from measurements.
package enum ExchangeFit {
    /// What hops and bytes take together.
    static func travel(hops: Double, bytes: Double) -> Double { (hops * hops + bytes * bytes).squareRoot() }

    /// The sum of squared relative errors with constants x.
    package static func squares(_ x: [Double], _ measured: [MeasuredExchange]) -> Double {
        measured.reduce(0) { sum, one in
            let (hops, bytes) = parts(x, one)
            let off = (travel(hops: hops, bytes: bytes) + x[one.handling] * one.payload) / one.seconds - 1
            return sum + off * off
        }
    }

    private static func parts(_ x: [Double], _ one: MeasuredExchange) -> (hops: Double, bytes: Double) {
        (x[one.latency] * one.hops, (one.leastPerByte + x[one.perByte]) * one.bytes)
    }

    /// The constants x ≥ 0 that make the squares smallest, by Gauss–Newton steps, each as long as it helps. Where
    /// the rows do not tell constants apart, one of the solutions.
    ///
    /// - Parameter count: the number of constants.
    /// - Returns: the constants, and the sum of squares.
    package static func constants(_ count: Int, of measured: [MeasuredExchange]) -> (x: [Double], squares: Double) {
        var best = (x: [Double](repeating: 0, count: count), squares: Double.infinity)
        // Hops and bytes in seconds, at which the next tangent is taken: at first bytes take all that was measured.
        var at = measured.map { (hops: CostModel.usualLatency * $0.hops, bytes: $0.bytes > 0 ? $0.seconds : 0) }
        while true {
            // The tangent plane of √(h² + b²) goes through 0, it is (h·h' + b·b')/√(h² + b²): a step is a
            // linear fit without a constant.
            let slopes = at.map { at -> (hops: Double, bytes: Double) in
                let both = travel(hops: at.hops, bytes: at.bytes)
                return both > 0 ? (at.hops / both, at.bytes / both) : (1, 1)
            }
            let a = zip(measured, slopes).map { one, slope in
                var line = [Double](repeating: 0, count: count)
                line[one.latency] += slope.hops * one.hops / one.seconds
                line[one.perByte] += slope.bytes * one.bytes / one.seconds
                line[one.handling] += one.payload / one.seconds
                return line
            }
            let rest = zip(measured, slopes).map { 1 - $1.bytes * $0.leastPerByte * $0.bytes / $0.seconds }
            let target = nonNegativeLeastSquares(a, rest).x

            var next = (x: target, squares: squares(target, measured)), part = 1.0
            while next.squares >= best.squares * (1 - 1e-6), part > 1e-3 {
                part /= 2
                let x = zip(best.x, target).map { $0 + part * ($1 - $0) }
                next = (x, squares(x, measured))
            }
            guard next.squares < best.squares * (1 - 1e-6) else { return best }
            best = next
            // Where hops or bytes are 0 the law has no slope, and they would stay there: the tangent's fall to half of
            // themselves at most.
            for (k, one) in measured.enumerated() {
                let now = parts(best.x, one)
                at[k] = (max(now.hops, at[k].hops / 2), max(now.bytes, at[k].bytes / 2))
            }
        }
    }
}
