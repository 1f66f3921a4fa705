import Foundation
import Scaling

extension MeasuredScaling {
    static let speedupNote =
        "Times are medians over steps, in milliseconds, of the rank where they are largest; compute holds expand and "
        + "project gradient. Speedup is by samples a second, against the fewest ranks of the same configuration; "
        + "efficiency is that over the ranks added. Rows with shared cores had more ranks than cores: they say "
        + "what was measured, and nothing about scaling. Net gain is what wait and exchange are shorter than those "
        + "of the same net in full, without expand and project gradient."

    /// speedup.csv: a row a measurement.
    var speedupTable: Table {
        var table = Table(columns: [
            "model", "mode", "link", "configuration", "batch", "ranks", "cores", "ms a step", "p10", "p90", "compute",
            "expand", "project gradient",
            "wait", "exchange", "payload bytes", "wire bytes", "speedup", "efficiency in %", "of full",
            "net gain in ms", "peak MB",
        ])
        for series in series {
            let baseline = series.configuration.baseline(among: costs.configurations)
            for row in series.rows {
                let full = rows.first {
                    $0.configuration == baseline
                        && ($0.mode, $0.link, $0.batch, $0.ranks) == (row.mode, row.link, row.batch, row.ranks)
                }
                func ms(_ seconds: Double) -> Cell { .number(1000 * seconds, "%.3f") }
                let gain = full.map { row.times.netGain(over: $0.times) }
                table.rows.append([
                    .text(series.configuration.model), .text(series.mode.rawValue), .text(series.link),
                    .text(label(series.configuration)),
                    .count(row.batch), .count(row.ranks), .text(row.oversubscribed ? "shared" : "own"),
                    ms(row.step.median),
                    ms(row.step.p10), ms(row.step.p90), ms(row.compute.median), ms(row.expand.median),
                    ms(row.projectGradient.median), ms(row.wait.median),
                    ms(row.exchange.median), .count(row.payloadBytes), .count(row.wireBytes),
                    Cell(series.speedup(row), "%.2f"),
                    Cell(series.efficiency(row).map { 100 * $0 }, "%.1f"),
                    Cell(full.map { row.step.median / $0.step.median }, "%.3f"),
                    Cell(gain.map { 1000 * $0 }, "%.3f"), .number(Double(row.peakBytes) / 1e6, "%.0f"),
                ])
            }
        }
        return table
    }

    static let forecastNote =
        "Time of a step, and efficiency against one rank, at a fixed batch per rank. An exchange pays where its step "
        + "is shorter than that of the same net exchanged in full; at 16 ranks and the latency named it does so "
        + "below the rate in the last column."

    /// forecast.csv: a row a configuration on a network.
    var forecastTable: Table {
        let shown = [1, 16, 64, 256, 1024, 4096]
        var table = Table(
            columns: ["model", "network", "configuration", "batch per rank"] + shown.map { "ms at \($0)" } + [
                "efficiency at 4096 in %", "50 % up to", "pays", "pays below",
            ])
        for model in models {
            for forecast in model.forecasts {
                for curve in forecast.curves {
                    let efficiency = curve.efficiency
                    let half = zip(Forecast.ranks, efficiency).prefix { $1 >= 0.5 }.map(\.0).last!
                    let pays = forecast.ranksThatPay(curve).map { $0.isEmpty ? "never" : rankText($0) }
                    let below = curve.configuration.baseline(among: forecast.curves.map(\.configuration)).flatMap {
                        costs.breakEven(
                            curve.configuration, with: $0, ranks: 16, batch: 16 * model.batch,
                            latency: forecast.network.latency!)
                    }
                    table.rows.append(
                        [
                            .text(model.name), .text(forecast.network.name), .text(label(curve.configuration)),
                            .count(model.batch),
                        ]
                            + shown.map {
                                .number(1000 * curve.times[Forecast.ranks.firstIndex(of: $0)!].total, "%.3f")
                            } + [
                                .number(100 * efficiency.last!, "%.1f"), .count(half), pays.map(Cell.text) ?? .missing,
                                below.map { .text($0.isFinite ? String(format: "%.3g Gbit/s", $0 / 1e9) : "any rate") }
                                    ?? .missing,
                            ])
                }
            }
        }
        return table
    }

    /// cross-validation.csv: a row a prediction by a model that was not fitted to it.
    var crossValidationTable: Table {
        var table = Table(columns: [
            "model", "mode", "link", "configuration", "batch", "ranks", "measured", "predicted", "error",
        ])
        for one in validation {
            table.rows.append([
                .text(one.row.configuration.model), .text(one.row.mode.rawValue), .text(one.row.link),
                .text(label(one.row.configuration)),
                .count(one.row.batch), .count(one.row.ranks), .number(one.row.step.median, "%.6f"),
                .number(one.predicted.total, "%.6f"),
                .number(one.error, "%.3f"),
            ])
        }
        return table
    }

    /// scaling.md.
    var markdown: String {
        func paragraph(_ text: String) -> String { escapedMarkdown(text) + "\n\n" }
        var text =
            "## Measured\n\n" + paragraph(Self.speedupNote) + speedupTable.markdown + "\n## Cost model\n\n"
            + paragraph(errorNote)
        text +=
            "\n## Forecast\n\n" + paragraph(Self.assumptions) + paragraph(Self.forecastNote) + forecastTable.markdown
            + "\n"
        for model in models { text += self.paragraphs(model).map { "- \(escapedMarkdown($0))\n" }.joined() + "\n" }
        return text
    }

    func html(_ drawn: [(figure: Figure, picture: Data)]?) -> String {
        func paragraph(_ text: String) -> String { "<p>\(escapedHTML(text))</p>\n" }
        func curves(_ isShown: (Figure) -> Bool) -> String {
            guard let drawn else { return paragraph(withoutCurves) }
            let all = drawn.filter { isShown($0.figure) }.map { htmlFigure($0.picture, $0.figure.caption) }
            return "<div class=\"curves\">\n\(all.joined())</div>\n"
        }
        var text = "<h2>Measured</h2>\n" + curves { !$0.file.hasPrefix(Self.forecastPrefix) }
        text += paragraph(Self.speedupNote) + speedupTable.html
        text += "<h2>Cost model and forecast</h2>\n" + paragraph(errorNote) + paragraph(Self.assumptions)
        text += curves { $0.file.hasPrefix(Self.forecastPrefix) } + paragraph(Self.forecastNote) + forecastTable.html
        for model in models {
            text += "<ul>\n" + paragraphs(model).map { "<li>\(escapedHTML($0))</li>\n" }.joined() + "</ul>\n"
        }
        return text
    }

    /// What is said of a model under its forecast.
    private func paragraphs(_ model: Model) -> [String] {
        if model.mostRanks == nil {
            return ["\(model.name): no forecast, since all its rows are of ranks that share cores."]
        }
        return sentences(model).map { "\(model.name), \($0)" }
    }
}
