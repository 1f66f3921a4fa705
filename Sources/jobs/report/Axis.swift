import Foundation

/// The range of an axis, and where its ticks are.
struct Axis {
    let label: String
    let isLogarithmic: Bool
    let low: Double
    let high: Double
    /// Where ticks are; nil: at round numbers.
    var marks: [Double]?

    /// Takes in all values. Logarithmic where they are above 0 and the largest is more than `ratio` times the smallest.
    ///
    /// - Parameter values: at least one.
    init(_ label: String, values: [Double], logarithmicAbove ratio: Double) {
        self.label = label
        let low = values.min()!, high = values.max()!
        isLogarithmic = low > 0 && high > ratio * low && (high / low).isFinite
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

    /// Ticks at round numbers, the roundest first, and others where there is room for their labels.
    ///
    /// - Parameter gap: what two need at least, as a part of the axis's length.
    private func ticks(gap: (Double, Double) -> Double) -> [Double] {
        let decades = Int(floor(log10(low)))...Int(ceil(log10(high)))
        var kept: [Double] = []
        for digits in [1, 2, 5, 2.5, 7, 1.5, 3.5, 3, 4, 1.2, 6, 8, 1.8, 9] {
            for value in decades.map({ digits * pow(10, Double($0)) }) where value >= low && value <= high {
                if kept.allSatisfy({ abs(log(value / $0) / log(high / low)) >= gap(value, $0) }) { kept.append(value) }
            }
        }
        return kept.sorted()
    }

    private func written(_ tick: Double) -> String { String(format: "%.7g", tick) }

    /// - Parameter name: `x` or `y`.
    func commands(_ name: String) -> String {
        // A line below it keeps a legend there apart.
        var text =
            "set \(name)label \(gnuplotText(name == "x" ? [label, ""] : [label]))\nset \(name)range [\(low):\(high)]\n"
        if isLogarithmic {
            // Labels of x stand side by side, where a character takes up to 0.014 of the width, those of y one above
            // the other.
            let marks =
                marks ?? ticks { name == "x" ? 0.007 * Double(written($0).count + written($1).count + 1) : 0.04 }
            let list = marks.map { "'\(written($0))' \($0)" }.joined(separator: ", ")
            text += "set logscale \(name)\nset \(name)tics (\(list))\n"
        }
        return text
    }
}
