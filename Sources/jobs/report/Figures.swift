import Foundation
import Reports
import Runs

/// A picture of curves, its file and what stands below it.
struct Figure {
    let file: String
    let caption: String
    let plot: Plot

    /// The files of all figures there can be.
    static let files = ["error-proportion.png", "error-learned.png", "training.png"]
}

extension Comparison {
    /// How the runs were made, for the title of every figure; no line ends inside of a setting that fits into one.
    private var conditions: [String] {
        func list(_ settings: [String]) -> String {
            settings.map { $0.count < 60 ? $0.replacingOccurrences(of: " ", with: "\u{A0}") : $0 }
                .joined(separator: ", ")
        }
        return [list(common)] + (usual.isEmpty ? [] : ["where not named: " + list(usual)])
    }

    /// What error bars are.
    var seeds: String {
        let counts = groups.map(\.runs.count), low = counts.min()!, high = counts.max()!
        if high == 1 { return "one seed each, so no error bars" }
        return
            "bars and bands: 90 % intervals of the mean over \(low == high ? "\(high)" : "\(low) to \(high)") seeds "
            + "(Student's t)"
    }

    /// Test error against the proportion of weights learned, Figure 4 of Denil et al. 2013. Nil without predicted nets.
    var errorByProportion: Figure? {
        let curves = predicted { $0.first.result.proportion }, dense = denseOfFullSize
        guard !curves.isEmpty else { return nil }
        let isOne = Set(dense.map(\.series.name)).count == dense.count
        let levels = dense.map { series, group in
            Plot.Level(
                name: isOne ? series.name : series.label(of: group), style: style(of: series), y: 100 * group.meanError,
                half: group.halfInterval.map { 100 * $0 })
        }
        return figure(
            Figure.files[0], "Test error against the proportion of weights learned",
            x: "proportion learned of the predicted layers' weights",
            curves: curves, levels: levels)
    }

    /// Test error against all values that are learned, biases and layers that are not predicted included: dense nets of
    /// other sizes and all baselines are points of their own.
    var errorByLearnedValues: Figure? {
        let dense = series.filter(\.isDense).map { curve(of: $0) { Double($0.first.result.learnedParameters) } }
        return figure(
            Figure.files[1], "Test error against the values that are learned", x: "learned values",
            curves: dense + predicted { Double($0.first.result.learnedParameters) }, levels: [])
    }

    /// The objective on the training images against time, for the smallest seed of each group, or of a selection. Nil
    /// where no run has metrics.
    ///
    /// - Parameter curveOf: the curve of a run directory, whose result has these checksums of files.
    func training(_ curveOf: (String, [String: UInt32]?) throws -> TrainingCurve?) throws -> Figure? {
        let most = 12, shown = selection(atMost: most)
        let curves = try shown.compactMap { series, group -> Plot.Curve? in
            guard let curve = try curveOf(group.first.folder, group.first.result.files),
                !curve.seconds.isEmpty
            else { return nil }
            return Plot.Curve(
                name: series.label(of: group), style: style(of: series),
                variant: shown.filter { $0.series.name == series.name }.firstIndex {
                    $0.group.settings == group.settings
                }!,
                points: zip(curve.seconds, curve.objective).map { ($0, $1, nil) }, hasMarkers: false)
        }
        guard !curves.isEmpty else { return nil }
        let points = curves.flatMap(\.points)
        var caption = "the smallest seed of each group"
        if shown.count < groups.count {
            caption =
                "the smallest seed of \(shown.count) of \(groups.count) groups: of each series the one with the lowest "
                + "test error"
                + (series.count > most ? ", and of these the best dense one and the best others" : "")
        }
        if curves.count < shown.count { caption += "; \(shown.count - curves.count) without metrics.csv are not drawn" }
        return Figure(
            file: Figure.files[2], caption: "Training loss against seconds, \(caption).",
            plot: Plot(
                title: wrapped(["\(subject): training loss, \(caption)"] + conditions),
                x: Axis("seconds of training", values: points.map(\.x) + [0], logarithmicAbove: .infinity),
                y: Axis("training loss", values: points.map(\.y), logarithmicAbove: 3), curves: curves))
    }

    /// The job and its data set.
    var subject: String { "\(runs[0].record.job) on \(runs[0].dataset)" }

    private func figure(
        _ file: String, _ title: String, x label: String, curves: [Plot.Curve], levels: [Plot.Level]
    ) -> Figure {
        // A net that learned nothing does not take the height from those that did: it stands at the frame, without a
        // bar.
        let limit = max(1, 10 * Statistics.median(curves.flatMap(\.points).map(\.y) + levels.map(\.y))!)
        var curves = curves
        for k in curves.indices {
            curves[k].points = curves[k].points.map { ($0.x, $0.y, $0.y > limit ? nil : $0.half) }
        }
        let points = curves.flatMap(\.points),
            all = points.map { ($0.y, $0.half ?? 0) } + levels.map { ($0.y, $0.half ?? 0) }
        let x = Axis(label, values: points.map(\.x), logarithmicAbove: 2), side = sideBySide(curves, on: x)
        let errors = all.filter { $0.0 <= limit }, low = errors.map(\.0).min()!, high = errors.map(\.0).max()!
        // Room for the bars, but not so much that one wide bar takes the figure from the others.
        let ends = errors.flatMap { [max($0 - $1, low / 1.5), min($0 + $1, 1.5 * high, 100)] }
        var notes = [seeds]
        if errors.count < all.count {
            notes.append("points at the upper frame: errors above \(String(format: "%.3g", limit)) %, without bars")
        }
        let isMoved = zip(side, curves).contains { $0.points.map(\.x) != $1.points.map(\.x) }
        let moved = isMoved ? " Points of one value stand side by side, so that all bars are seen." : ""
        return Figure(
            file: file, caption: "\(title); \(notes.joined(separator: "; ")).\(moved)",
            plot: Plot(
                title: wrapped(
                    ["\(subject): \(title.prefix(1).lowercased() + title.dropFirst())"] + notes + conditions), x: x,
                y: Axis("test error in %", values: ends, logarithmicAbove: 4), curves: side, levels: levels))
    }

    /// Points of several curves at one x, or nearly, each moved by less than a marker; a point alone stays where it is.
    private func sideBySide(_ curves: [Plot.Curve], on x: Axis) -> [Plot.Curve] {
        curves.enumerated().map { k, curve in
            var curve = curve
            curve.points = curve.points.map { point in
                let near = x.moved(point.x, by: -0.005)...x.moved(point.x, by: 0.005)
                let sharing = curves.indices.filter { curves[$0].points.contains { near.contains($0.x) } }
                let place = Double(sharing.firstIndex(of: k)!) - Double(sharing.count - 1) / 2
                return (x.moved(point.x, by: place * min(0.008, 0.08 / Double(sharing.count))), point.y, point.half)
            }
            return curve
        }
    }

    private func predicted(
        _ x: (RunGroup) -> Double
    ) -> [Plot.Curve] {
        series.filter { !$0.isDense }.map { curve(of: $0, x) }
    }

    private func curve(of series: Series, _ x: (RunGroup) -> Double) -> Plot.Curve {
        Plot.Curve(
            name: series.name, style: style(of: series),
            points: series.groups.map { (x($0), 100 * $0.meanError, $0.halfInterval.map { 100 * $0 }) })
    }

    /// Black is for dense nets.
    private func style(of series: Series) -> Int {
        let place = self.series.firstIndex { $0.name == series.name }!
        return self.series[0].isDense ? place : place + 1
    }
}

/// Lines that fit over a figure.
func wrapped(_ lines: [String]) -> [String] {
    lines.flatMap { line in
        line.split(separator: " ").reduce(into: [String]()) { short, word in
            if let last = short.last, last.count + word.count < 80 {
                short[short.count - 1] = "\(last) \(word)"
            } else {
                short.append(String(word))
            }
        }
    }
}
