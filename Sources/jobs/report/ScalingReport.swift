import Foundation
import JobSupport
import Reports
import Scaling

/// The job on a table of `scaling run`: reads it, draws, then writes.
func reportScaling(_ table: String, _ options: ReportOptions) throws {
    let scaling = MeasuredScaling(try ScalingTable.read(table).rows)
    let drawn = draw(scaling.figures), directory = try makeFolder(options.out)
    let title = options.title ?? "Scaling: " + scaling.models.map(\.name).joined(separator: ", ")
    try directory.write(scaling.speedupTable.csv, to: "speedup.csv")
    try directory.write(scaling.forecastTable.csv, to: "forecast.csv")
    try directory.write(scaling.crossValidationTable.csv, to: "cross-validation.csv")
    try directory.write(scaling.markdown, to: "scaling.md")
    // Curves of an earlier report do not belong to these tables.
    let earlier = (try? FileManager.default.contentsOfDirectory(atPath: options.out)) ?? []
    for name in earlier where MeasuredScaling.isFigure(name) { unlink(directory.file(name)) }
    for (figure, picture) in drawn ?? [] { try directory.write(picture, to: figure.file) }
    try directory.write(htmlPage(title, scaling.html(drawn)), to: "scaling.html")
    print("rows       \(scaling.rows.count), curves \(drawn?.count ?? 0)\nreport     \(directory.file("scaling.html"))")
}

/// What a table of `scaling run` says, and what a cost model makes of it.
struct MeasuredScaling {
    /// A net, and how it would scale on other networks.
    struct Model {
        let name: String
        /// The batch per rank of the forecasts.
        let batch: Int
        /// The most ranks with a core each; nil where all rows are oversubscribed, so that there is nothing to forecast
        /// from.
        let mostRanks: Int?
        let forecasts: [Forecast]
    }

    let rows: [ScalingTable.Row]
    let series: [ScalingSeries]
    let models: [Model]
    let costs: CostModel
    let validation: [CrossValidation.Prediction]

    init(_ rows: [ScalingTable.Row]) {
        self.rows = rows
        series = ScalingSeries.all(of: rows)
        let costs = fit(rows)
        self.costs = costs
        validation = crossValidate(rows)
        let names = series.map(\.configuration.model).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        models = names.map { name in
            let own = rows.filter { $0.configuration.model == name }, alone = own.filter { !$0.oversubscribed }
            // The batch that was measured, a fixed one per rank if there is one.
            let fixed = own.filter { $0.mode == .weak },
                batch = (fixed.isEmpty ? own : fixed).map(\.samplesPerRank).max()!
            let configurations = costs.configurations.filter { one in alone.contains { $0.configuration == one } }
            return Model(
                name: name, batch: batch, mostRanks: alone.map(\.ranks).max(),
                forecasts: Forecast.networks.map {
                    Forecast(costs, configurations.sorted { $0.standsBefore($1) }, batchPerRank: batch, on: $0)
                }.filter { !$0.curves.isEmpty })
        }
    }

    /// Few words for a configuration among all of its model.
    func label(_ configuration: Configuration) -> String { configuration.label(among: costs.configurations) }

    /// How far predictions are off.
    var errorNote: String {
        guard let error90 = CrossValidation.error90(validation), let worst = validation.map({ abs($0.error) }).max()
        else {
            return
                "How far the model is off is not known: that takes a second link or a third rank count, held back from "
                + "the fit."
        }
        return
            "Each rank count, and each link whose name is a rate, held back from the fit in turn: \(validation.count) "
            + "predictions of the time of a step, nine of ten within \(percent(error90)), the worst "
            + "\(percent(worst)) off."
    }

    /// What a forecast takes for granted.
    static let assumptions =
        "A core to each rank, links that nobody else uses, the latencies named; compute as measured, with a wait for "
        + "slow ranks that does not grow, without overlap; algorithms reach the part of the rate that they reached "
        + "on measured links."

    /// A sentence a network: what is fastest, and where each exchange stops paying.
    func sentences(_ model: Model) -> [String] {
        model.forecasts.map { forecast in
            func fastest(_ ranks: Int) -> String {
                let place = Forecast.ranks.firstIndex(of: ranks)!
                let best = forecast.curves.min { $0.times[place].total < $1.times[place].total }!
                return
                    "at \(ranks) ranks \(label(best.configuration)) "
                    + "(\(String(format: "%.3g", 1000 * best.times[place].total)) ms)"
            }
            let pays = forecast.curves.compactMap { curve in
                forecast.ranksThatPay(curve).map {
                    (label: label(curve.configuration), ranks: $0.isEmpty ? "nowhere" : rankText($0))
                }
            }
            let ranges = Dictionary(grouping: pays, by: \.ranks).sorted { inNaturalOrder($0.key, $1.key) }
                .map { "\($0): \($1.map(\.label).joined(separator: "; "))" }
            return "\(forecast.network.name): fastest \([16, 256, 4096].map(fastest).joined(separator: ", ")). "
                + (pays.isEmpty
                    ? "Nothing to say on where an exchange pays, without one in full of the same net."
                    : "Faster than the same net exchanged in full " + ranges.joined(separator: "; and ") + ".")
        }
    }
}

/// `from 2 to 4096 ranks`: runs of powers of two.
func rankText(_ ranks: [Int]) -> String {
    let runs = ranks.reduce(into: [(first: Int, last: Int)]()) { runs, next in
        if let last = runs.last, next == 2 * last.last {
            runs[runs.count - 1].last = next
        } else {
            runs.append((next, next))
        }
    }
    return runs.map { $0.first == $0.last ? "at \($0.first)" : "from \($0.first) to \($0.last)" }.joined(
        separator: ", ") + " ranks"
}

func percent(_ part: Double) -> String { String(format: "%.1f %%", 100 * part) }
