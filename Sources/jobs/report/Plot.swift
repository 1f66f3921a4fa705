import Foundation

/// Curves with error bars, and lines with bands, as a gnuplot script.
struct Plot {
    struct Curve {
        var name: String
        /// The same in all figures of a report: chooses colour, marker and dashes.
        var style: Int
        /// Tells curves of one style apart, by dashes and width.
        var variant = 0
        /// `half`: of the error bar.
        var points: [(x: Double, y: Double, half: Double?)]
        /// Many points are a line without markers.
        var hasMarkers = true
        /// Dashed, and not in the key: another part of the curve of that style.
        var isOtherPart = false
    }

    /// The same at every x.
    struct Level {
        var name: String
        var style: Int
        var y: Double
        var half: Double?
    }

    var title: [String]
    var x: Axis
    var y: Axis
    var curves: [Curve]
    var levels: [Level] = []

    /// Colours that stay apart on white, also for most readers who do not tell red from green; markers and dashes tell
    /// the rest apart.
    private static let colours = [
        "#000000", "#0072B2", "#D55E00", "#009E73", "#CC3399", "#E69F00", "#56B4E9", "#7F3FBF", "#8B4513", "#808000",
        "#B2182B",
        "#17A2A2", "#777777",
    ]
    private static let markers = [5, 7, 9, 11, 13, 15, 4, 6, 8, 10, 12, 14, 2]

    /// Black is for style 0 only; the others take turns.
    private static func colour(_ style: Int) -> (colour: String, turn: Int) {
        let others = colours.count - 1
        return style == 0 ? (colours[0], 0) : (colours[1 + (style - 1) % others], (style - 1) / others)
    }

    func script(output: String) -> String {
        let names = curves.filter { !$0.isOtherPart }.map(\.name) + levels.map(\.name),
            longest = names.map(\.count).max() ?? 0
        // Long names go below, a line each, and many, which would take two columns; others beside the curves.
        let isBelow = longest > 40 || names.count > 20
        let size = "1280,\(720 + 18 * title.count + (isBelow ? 22 * names.count : 0))"
        var text = """
            set encoding utf8
            if (strstrt(GPVAL_TERMINALS, ' pngcairo ') > 0) { set terminal pngcairo noenhanced size \(size) font \
            'Sans,13' } \
            else { set terminal png noenhanced truecolor size \(size) }
            set output '\(output)'
            set title \(gnuplotText(title))
            set key outside \(isBelow ? "bottom center vertical maxcols 1" : "right top") Left reverse samplen 3 \
            spacing 1.2
            set grid lc rgb '#cccccc' lw 1 dt 1
            set border lc rgb '#444444'
            set bars 1.3
            \(x.commands("x"))\(y.commands("y"))

            """
        var drawn: [String] = []
        for (k, level) in levels.enumerated() {
            let half = level.half ?? 0
            text += "$level\(k) << EOD\n"
            for x in [x.low, x.high] {
                text += "\(x) \(onAxis(level.y - half)) \(onAxis(level.y + half)) \(onAxis(level.y))\n"
            }
            text += "EOD\n"
            let (colour, _) = Self.colour(level.style)
            if half > 0 {
                drawn.append(
                    "$level\(k) using 1:2:3 with filledcurves fs transparent solid 0.15 noborder lc rgb '\(colour)' "
                        + "notitle"
                )
            }
            drawn.append(
                "$level\(k) using 1:4 with lines lw 2 dt \(2 + k % 4) lc rgb '\(colour)' title "
                    + "\(gnuplotText([level.name]))"
            )
        }
        for (k, curve) in curves.enumerated() {
            text += "$curve\(k) << EOD\n"
            for point in curve.points {
                let half = point.half ?? 0
                text += "\(point.x) \(onAxis(point.y)) \(onAxis(point.y - half)) \(onAxis(point.y + half))\n"
            }
            text += "EOD\n"
            let (colour, turn) = Self.colour(curve.style)
            let dashes = curve.isOtherPart ? 2 : 1 + (turn + curve.variant) % 5
            let look = "lw \(2 + 2 * (curve.variant / 5)) dt \(dashes) lc rgb '\(colour)' "
                + (curve.isOtherPart ? "notitle" : "title \(gnuplotText([curve.name]))")
            let marker = "pt \(Self.markers[curve.style % Self.markers.count]) ps 1.3"
            if !curve.hasMarkers {
                drawn.append("$curve\(k) using 1:2 with lines \(look)")
            } else if curve.points.allSatisfy({ $0.half == nil }) {
                drawn.append("$curve\(k) using 1:2 with linespoints \(marker) \(look)")
            } else {
                drawn.append("$curve\(k) using 1:2:3:4 with yerrorlines \(marker) \(look)")
            }
        }
        return text + "plot " + drawn.joined(separator: ", \\\n  ") + "\n"
    }

    /// A point or the end of a bar: at the frame where the axis ends before it; a logarithmic one has no place for 0
    /// and less.
    private func onAxis(_ value: Double) -> Double { min(max(value, y.low), y.high) }
}

/// Lines as a string of gnuplot: quotes doubled, since nothing else has a meaning between single ones.
func gnuplotText(_ lines: [String]) -> String {
    lines.map { "'" + oneLine($0).replacingOccurrences(of: "'", with: "''") + "'" }.joined(separator: ".\"\\n\".")
}
