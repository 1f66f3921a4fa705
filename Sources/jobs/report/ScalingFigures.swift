import Foundation
import Reports
import Scaling

extension MeasuredScaling {
    static let forecastPrefix = "forecast-"
    private static let prefixes = ["step-", "efficiency-", forecastPrefix]

    static func isFigure(_ file: String) -> Bool { file.hasSuffix(".png") && prefixes.contains(where: file.hasPrefix) }

    /// The time of a step and the efficiency for every model, mode, link and batch with two rank counts, and the
    /// forecasts for every model.
    var figures: [Figure] {
        let groups = series.reduce(into: [[ScalingSeries]]()) { groups, next in
            if let last = groups.last?.last, last.isBeside(next) {
                groups[groups.count - 1].append(next)
            } else {
                groups.append([next])
            }
        }.filter { $0.contains { $0.rows.count > 1 } }
        return groups.flatMap { group in
            let shown = selection(group) { series in series.rows.last!.step.median }
            return [steps(shown, of: group.count), efficiency(shown, of: group.count)].compactMap { $0 }
        } + models.flatMap { model in model.forecasts.map { forecast(model, $0) } }
    }

    /// At most twelve: the first, which is the dense net that exchanges in full if there is one, and the fastest
    /// others; in their order.
    private func selection<Curve>(_ all: [Curve], seconds: (Curve) -> Double) -> [Curve] {
        let others = all.indices.dropFirst().sorted { seconds(all[$0]) < seconds(all[$1]) }.prefix(Self.mostCurves - 1)
        return ([0] + others).sorted().map { all[$0] }
    }

    private static let mostCurves = 12

    private func steps(_ shown: [ScalingSeries], of count: Int) -> Figure {
        var curves: [Plot.Curve] = []
        for (k, series) in shown.enumerated() {
            func points(_ shared: Bool) -> [(x: Double, y: Double, half: Double?)] {
                series.rows.filter { $0.oversubscribed == shared }.map {
                    (Double($0.ranks), 1000 * $0.step.median, nil)
                }
            }
            let name = label(series.configuration), style = style(k, of: shown[0].configuration), own = points(false),
                shared = points(true)
            if !own.isEmpty { curves.append(Plot.Curve(name: name, style: style, points: own)) }
            if !shared.isEmpty {
                curves.append(
                    Plot.Curve(name: name, style: style, variant: 1, points: shared, isOtherPart: !own.isEmpty))
            }
        }
        let isShared = shown.contains { $0.rows.contains(where: \.oversubscribed) }
        return figure(
            "step-", shown[0], "time of a step against ranks", curves, y: "ms a step (median)",
            notes: (isShared ? ["dashed: more ranks than cores, which says nothing about scaling"] : [])
                + selectionNote(shown.count, of: count))
    }

    /// Nil where no configuration has two rank counts with a core to each rank.
    private func efficiency(_ shown: [ScalingSeries], of count: Int) -> Figure? {
        let curves = shown.enumerated().compactMap { k, series -> Plot.Curve? in
            let points = series.rows.compactMap { row in
                series.efficiency(row).map { (Double(row.ranks), 100 * $0, nil as Double?) }
            }
            guard points.count > 1 else { return nil }
            return Plot.Curve(
                name: label(series.configuration), style: style(k, of: shown[0].configuration), points: points)
        }
        guard !curves.isEmpty else { return nil }
        return figure(
            "efficiency-", shown[0], "efficiency against the fewest ranks", curves, y: "efficiency in %",
            notes: selectionNote(shown.count, of: count))
    }

    private func selectionNote(_ shown: Int, of count: Int) -> [String] {
        shown < count ? ["\(shown) of \(count) configurations: the first of the table, and the fastest others"] : []
    }

    private func figure(
        _ prefix: String, _ series: ScalingSeries, _ title: String, _ curves: [Plot.Curve], y: String, notes: [String]
    ) -> Figure {
        let model = series.configuration.model,
            batch = "batch \(series.batch) \(series.mode == .strong ? "of all ranks" : "per rank")"
        let subject = "\(model), \(series.mode.rawValue) scaling, link \(series.link), \(batch): \(title)"
        let points = curves.flatMap(\.points)
        return Figure(
            file: fileName(prefix, [model, series.mode.rawValue, series.link, "\(series.batch)"]),
            caption: ([subject] + notes).joined(separator: "; ") + ".",
            plot: Plot(
                title: wrapped([subject] + notes), x: ranksAxis(points.map(\.x)),
                y: Axis(y, values: points.map(\.y) + (prefix == "step-" ? [] : [0, 100]), logarithmicAbove: 4),
                curves: curves))
    }

    private func forecast(_ model: Model, _ forecast: Forecast) -> Figure {
        let place = Forecast.ranks.firstIndex(of: 64)!
        let shown = selection(forecast.curves) { curve in curve.times[place].total }
        let curves = shown.enumerated().flatMap { k, curve -> [Plot.Curve] in
            let points = zip(Forecast.ranks, curve.times).map {
                (x: Double($0), y: 1000 * $1.total, half: nil as Double?)
            }
            let place = style(k, of: shown[0].configuration),
                end = max(1, points.lastIndex { $0.x <= Double(model.mostRanks!) }! + 1)
            return [
                Plot.Curve(name: label(curve.configuration), style: place, points: Array(points[..<end])),
                Plot.Curve(
                    name: "", style: place, points: Array(points[(end - 1)...]), hasMarkers: false, isOtherPart: true),
            ]
        }
        let subject = "\(model.name), weak scaling, batch \(model.batch) per rank, \(forecast.network.name) (assumed): "
            + "predicted time of a step"
        let error90 =
            CrossValidation.error90(validation).map { "± \(percent($0)) for nine of ten measurements left out" }
            ?? "error not known"
        var notes = [
            "dashed: beyond the \(model.mostRanks!) rank\(model.mostRanks! == 1 ? "" : "s") measured with a core each; "
                + "\(error90)"
        ]
        notes += selectionNote(shown.count, of: forecast.curves.count).map { $0 + " at 64 ranks" }
        return Figure(
            file: fileName(Self.forecastPrefix, [model.name, String(forecast.network.name.prefix { $0 != "," })]),
            caption: ([subject] + notes).joined(separator: "; ") + ". " + Self.assumptions,
            plot: Plot(
                title: wrapped([subject] + notes + ["no wait that grows with the ranks, no overlap, no other traffic"]),
                x: ranksAxis(Forecast.ranks.map(Double.init)),
                y: Axis("ms a step", values: curves.flatMap(\.points).map(\.y), logarithmicAbove: 4), curves: curves))
    }

    /// Ticks at rank counts, of many at every power of four.
    private func ranksAxis(_ ranks: [Double]) -> Axis {
        let counts = Set(ranks).sorted()
        var axis = Axis("ranks", values: ranks, logarithmicAbove: 1)
        axis.marks = counts.count < 10 ? counts : counts.filter { $0.exponent.isMultiple(of: 2) }
        return axis
    }

    private func fileName(_ prefix: String, _ parts: [String]) -> String {
        let text = parts.joined(separator: "-").map {
            $0.isASCII && ($0.isLetter || $0.isNumber || $0 == ".") ? $0 : "-"
        }
        return prefix + String(text).split(separator: "-").joined(separator: "-") + ".png"
    }

    /// Black is for the dense net that exchanges in full, which comes first.
    private func style(_ place: Int, of first: Configuration) -> Int {
        first.learned == 1 && first.exchange.isFull ? place : place + 1
    }
}

extension ScalingSeries {
    /// Whether both belong into one figure.
    func isBeside(_ other: ScalingSeries) -> Bool {
        (configuration.job, configuration.model, mode, link, batch)
            == (other.configuration.job, other.configuration.model, other.mode, other.link, other.batch)
    }
}
