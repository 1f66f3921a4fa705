import Foundation

/// The range of an axis, and where its ticks are.
struct Axis {
    let label: String
    let isLogarithmic: Bool
    let low: Double
    let high: Double

    /// Takes in all values. Logarithmic where they are above 0 and the largest is more than `ratio` times the smallest.
    ///
    /// - Parameter values: at least one.
    init(_ label: String, values: [Double], logarithmicAbove ratio: Double) {
        self.label = label
        let low = values.min()!, high = values.max()!
        isLogarithmic = low > 0 && high > ratio * low
        if isLogarithmic {
            let margin = pow(high / low, 0.05)
            (self.low, self.high) = (low / margin, high * margin)
        } else {
            let margin = high > low ? 0.05 * (high - low) : max(0.2 * abs(high), 1e-3)
            (self.low, self.high) = (low < 0 ? low - margin : max(0, low - margin), high + margin)
        }
    }

    /// A value moved by a part of the axis's length.
    func moved(_ value: Double, by part: Double) -> Double {
        isLogarithmic ? value * pow(high / low, part) : value + part * (high - low)
    }

    /// At round numbers, at least five of them where the range has as many.
    private var ticks: [Double] {
        let decades = Int(floor(log10(low)))...Int(ceil(log10(high)))
        let choices: [[Double]] = [[1, 2, 5], [1, 1.5, 2, 3, 4, 5, 7], [1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9]]
        let ticks = choices.map { digits in
            decades.flatMap { decade in digits.map { $0 * pow(10, Double(decade)) } }.filter { $0 >= low && $0 <= high }
        }
        return ticks.first { $0.count >= 5 } ?? ticks.last!
    }

    /// - Parameter name: `x` or `y`.
    func commands(_ name: String) -> String {
        // A line below it keeps a legend there apart.
        var text = "set \(name)label \(gnuplotText(name == "x" ? [label, ""] : [label]))\nset \(name)range [\(low):\(high)]\n"
        if isLogarithmic {
            let marks = ticks.map { "'\($0 >= 1e6 ? String(format: "%.1e", $0) : String(format: "%.6g", $0))' \($0)" }
            text += "set logscale \(name)\nset \(name)tics (\(marks.joined(separator: ", ")))\n"
        }
        return text
    }
}
