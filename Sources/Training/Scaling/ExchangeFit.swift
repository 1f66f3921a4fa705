/// An exchange that was measured, for `ExchangeFit`. On one rank nothing travels: hops and bytes are 0.
struct MeasuredExchange {
    let seconds: Double
    /// What latency, seconds a byte and handling are multiplied with.
    let hops, bytes, payload: Double
    /// Which of the constants these are.
    let latency, perByte, handling: Int
    /// Seconds a byte takes at the rate of the link: the constant is what it takes beyond.
    let leastPerByte: Double
}

/// The law of exchanges, √(hops² + bytes²) + handling, all in seconds, and its constants from measurements.
enum ExchangeFit {
    /// What hops and bytes take together.
    static func travel(hops: Double, bytes: Double) -> Double { (hops * hops + bytes * bytes).squareRoot() }

    /// The constants x ≥ 0 that make the squares of relative errors smallest, by Gauss's and Newton's steps: of few rows that do not tell
    /// constants apart, one of the solutions.
    ///
    /// - Parameter count: of constants.
    /// - Returns: the constants, and the sum of squares.
    static func constants(_ count: Int, of measured: [MeasuredExchange]) -> (x: [Double], squares: Double) {
        var best = (x: [Double](repeating: 0, count: count), squares: Double.infinity)
        // Where the tangents are taken, at first as if bytes took what was measured.
        var parts = measured.map { (hops: CostModel.usualLatency * $0.hops, bytes: $0.bytes > 0 ? $0.seconds : 0) }
        while true {
            // That of √(h² + b²) goes through 0: it is (h·h' + b·b')/√(h² + b²).
            let slopes = parts.map { part -> (hops: Double, bytes: Double) in
                let both = travel(hops: part.hops, bytes: part.bytes)
                return both > 0 ? (part.hops / both, part.bytes / both) : (1, 1)
            }
            let a = zip(measured, slopes).map { one, slope in
                var line = [Double](repeating: 0, count: count)
                line[one.latency] += slope.hops * one.hops / one.seconds
                line[one.perByte] += slope.bytes * one.bytes / one.seconds
                line[one.handling] += one.payload / one.seconds
                return line
            }
            let rest = zip(measured, slopes).map { 1 - $1.bytes * $0.leastPerByte * $0.bytes / $0.seconds }
            let x = nonNegativeLeastSquares(a, rest).x
            var squares = 0.0
            for (k, one) in measured.enumerated() {
                let hops = x[one.latency] * one.hops, bytes = (one.leastPerByte + x[one.perByte]) * one.bytes
                let off = (travel(hops: hops, bytes: bytes) + x[one.handling] * one.payload) / one.seconds - 1
                squares += off * off
                // A part that falls to 0 has no slope there and would stay: it falls to half of itself a step.
                parts[k] = (max(hops, parts[k].hops / 2), max(bytes, parts[k].bytes / 2))
            }
            guard squares < best.squares * (1 - 1e-6) else { return best }
            best = (x, squares)
        }
    }
}
