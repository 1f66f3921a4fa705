/// What a sample of runs or folds says.
public enum Statistics {
    /// Not defined for no values.
    public static func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

    /// The middle value, or the mean of the two in the middle; nil for no values.
    public static func median(_ values: [Double]) -> Double? {
        guard !values.isEmpty else { return nil }
        let sorted = values.sorted(), half = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
    }

    /// The value below which a part of the values lies, in 0...1, between two of them in proportion: 0 is the smallest,
    /// 1 the largest. Not defined for no values.
    public static func quantile(_ part: Double, ofSorted values: [Double]) -> Double {
        let place = part * Double(values.count - 1), below = Int(place)
        let above = min(below + 1, values.count - 1)
        return values[below] + (place - Double(below)) * (values[above] - values[below])
    }

    /// Half the width of the 90 % interval of the mean, t·s/√n, by Student's t at n − 1 degrees of freedom:
    /// 1.833·s/√10 for ten values. Nil for fewer than two.
    public static func halfInterval90(_ values: [Double]) -> Double? {
        guard values.count > 1 else { return nil }
        let mean = mean(values), n = Double(values.count)
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (n - 1)
        return studentT90(degrees: values.count - 1) * (variance / n).squareRoot()
    }

    /// The two-sided 90 % point of Student's t. Above 9 degrees d the expansion z + (z³ + z)/4d + (5z⁵ + 16z³ +
    /// 3z)/96d² (Abramowitz & Stegun 26.7.5) at z = 1.645, right to 0.001.
    private static func studentT90(degrees: Int) -> Double {
        let table = [6.314, 2.920, 2.353, 2.132, 2.015, 1.943, 1.895, 1.860, 1.833]
        let d = Double(degrees)
        return degrees <= table.count ? table[degrees - 1] : 1.645 + 1.524 / d + 1.42 / (d * d)
    }
}
