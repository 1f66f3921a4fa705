/// A step length that meets the strong Wolfe conditions: bracket, then zoom with safeguarded cubic interpolation
/// (Nocedal & Wright, Numerical Optimization, 2nd ed., algorithms 3.5 and 3.6).
struct WolfeLineSearch {
    /// Sufficient decrease, c₁.
    var decrease = 1e-4
    /// How much of the slope may stay, c₂.
    var curvature = 0.9
    var maximumEvaluations = 20

    /// The objective and its slope at a step length along the direction.
    struct Point {
        var step: Double
        var value: Double
        var slope: Double
    }

    /// Returns the accepted point, which is the last one evaluated; nil where none was found that lowers the objective.
    ///
    /// - Parameters:
    ///   - start: the point at step 0; its slope must be negative.
    ///   - first: the step to try first.
    ///   - evaluate: the objective along the direction; called at most `maximumEvaluations` times, and once more where
    ///     the best point was not the last.
    func search(from start: Point, first: Double, evaluate: (Double) throws -> Point) rethrows -> Point? {
        var previous = start
        var step = first
        for count in 1...maximumEvaluations {
            let point = try evaluate(step)
            if tooHigh(point, start) || (count > 1 && point.value >= previous.value) {
                return try zoom(previous, point, from: start, used: count, evaluate)
            }
            if abs(point.slope) <= -curvature * start.slope { return point }
            if point.slope >= 0 { return try zoom(point, previous, from: start, used: count, evaluate) }
            previous = point
            step *= 2
        }
        return previous  // still falling
    }

    private func tooHigh(_ point: Point, _ start: Point) -> Bool {
        point.value > start.value + decrease * point.step * start.slope
    }

    /// Narrows the interval between `low`, the best point so far, and `high`, beyond which the objective rises.
    private func zoom(
        _ low: Point, _ high: Point, from start: Point, used: Int, _ evaluate: (Double) throws -> Point
    ) rethrows -> Point? {
        var low = low, high = high
        for _ in used..<max(used, maximumEvaluations) {
            let point = try evaluate(interpolate(low, high))
            if tooHigh(point, start) || point.value >= low.value {
                high = point
            } else {
                if abs(point.slope) <= -curvature * start.slope { return point }
                if point.slope * (high.step - low.step) >= 0 { high = low }
                low = point
            }
            // Steps closer than this give objectives that differ by rounding alone.
            if abs(high.step - low.step) <= 1e-9 * max(low.step, high.step) { break }
        }
        guard low.step > 0, low.value < start.value else { return nil }
        return try evaluate(low.step)
    }

    /// The minimum of the cubic through both ends, kept a tenth of the interval away from them.
    private func interpolate(_ a: Point, _ b: Point) -> Double {
        let width = b.step - a.step
        let d1 = a.slope + b.slope - 3 * (b.value - a.value) / width
        let root = (d1 * d1 - a.slope * b.slope).squareRoot() * (width > 0 ? 1 : -1)
        var step = b.step - width * (b.slope + root - d1) / (b.slope - a.slope + 2 * root)
        let (lower, upper) = (min(a.step, b.step) + 0.1 * abs(width), max(a.step, b.step) - 0.1 * abs(width))
        if !step.isFinite { step = (a.step + b.step) / 2 }
        return min(max(step, lower), upper)
    }
}
