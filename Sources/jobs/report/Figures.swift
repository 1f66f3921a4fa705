import Foundation
import Training

/// A picture of curves, its file and what stands below it.
struct Figure {
    let file: String
    let caption: String
    let plot: Plot

    /// The files of all figures there can be.
    static let files = ["error-proportion.png", "error-learned.png", "training.png"]
}

extension Comparison {
    /// How the runs were made, for the title of every figure; no line ends inside of a setting.
    private var conditions: [String] {
        func list(_ settings: [String]) -> String {
            settings.map { $0.replacingOccurrences(of: " ", with: "\u{A0}") }.joined(separator: ", ")
        }
        return [list(common)] + (usual.isEmpty ? [] : ["where not named: " + list(usual)])
    }

    /// What error bars are.
    var seeds: String {
        let counts = groups.map(\.runs.count), low = counts.min()!, high = counts.max()!
        if high == 1 { return "one seed each, so no error bars" }
        return "bars and bands: 90 % intervals of the mean over \(low == high ? "\(high)" : "\(low) to \(high)") seeds (Student's t)"
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
            Figure.files[0], "Test error against the proportion of weights learned", x: "proportion of weights learned",
            curves: curves, levels: levels)
    }

    /// Test error against all values that are exchanged: dense nets of other sizes and all baselines are points of their own.
    var errorByLearnedValues: Figure? {
        let dense = series.filter(\.isDense).map { curve(of: $0) { Double($0.first.result.learnedParameters) } }
        return figure(
            Figure.files[1], "Test error against the values that are learned",
            x: "learned values, all of which are exchanged at every step",
            curves: dense + predicted { Double($0.first.result.learnedParameters) }, levels: [])
    }

    /// The objective on the training images against time, for the smallest seed of each group, or of a selection. Nil where no run has
    /// metrics.
    ///
    /// - Parameter curveOf: of a run directory.
    func training(_ curveOf: (String) throws -> TrainingCurve?) throws -> Figure? {
        let most = 12, shown = selection(atMost: most), isAll = shown.count == groups.count
        let curves = try shown.enumerated().compactMap { place, one -> Plot.Curve? in
            let (series, group) = one
            guard let curve = try curveOf(group.first.folder), !curve.seconds.isEmpty else { return nil }
            return Plot.Curve(
                name: series.label(of: group), style: isAll ? place : style(of: series),
                points: zip(curve.seconds, curve.objective).map { ($0, $1, nil) }, hasMarkers: false)
        }
        guard !curves.isEmpty else { return nil }
        let points = curves.flatMap(\.points)
        var caption = "the smallest seed of each group"
        if !isAll {
            caption = "the smallest seed of \(shown.count) of \(groups.count) groups: of each series the one with the lowest test error"
                + (series.count > most ? ", the \(most) lowest" : "")
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

    private func figure(_ file: String, _ title: String, x label: String, curves: [Plot.Curve], levels: [Plot.Level]) -> Figure {
        let points = curves.flatMap(\.points)
        let x = Axis(label, values: points.map(\.x), logarithmicAbove: 2)
        let errors = points.map { ($0.y, $0.half ?? 0) } + levels.map { ($0.y, $0.half ?? 0) }
        let low = errors.map(\.0).min()!, high = errors.map(\.0).max()!
        // Room for the bars, but not so much that one wide bar takes the figure from the others.
        let ends = errors.flatMap { [max($0 - $1, low / 2), min($0 + $1, 2 * high, 100)] }
        // Predicted nets of one proportion have one x.
        var side = curves
        let movable = curves.indices.filter { curves[$0].style > 0 }
        for (place, k) in movable.enumerated() {
            let part = min(0.005, 0.08 / Double(movable.count)) * (Double(place) - Double(movable.count - 1) / 2)
            side[k].points = side[k].points.map { (x.moved($0.x, by: part), $0.y, $0.half) }
        }
        let moved = movable.count > 1 ? " Points of one value stand side by side, so that all bars are seen." : ""
        return Figure(
            file: file, caption: "\(title); \(seeds).\(moved)",
            plot: Plot(
                title: wrapped(["\(subject): \(title.prefix(1).lowercased() + title.dropFirst())", seeds] + conditions), x: x,
                y: Axis("test error in %", values: ends, logarithmicAbove: 4), curves: side, levels: levels))
    }

    private func predicted(_ x: (RunGroup) -> Double) -> [Plot.Curve] { series.filter { !$0.isDense }.map { curve(of: $0, x) } }

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

    /// Lines that fit over a figure.
    private func wrapped(_ lines: [String]) -> [String] {
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
}
