import Foundation
import JobSupport
import Scaling

/// What was measured, as lines for readers: full beside the others.
func describe(_ measured: [StepMeasurement]) -> [String] {
    guard let first = measured.first else { return [] }
    let placement = first.placement, settings = first.settings
    var lines = [
        "",
        "\(first.configuration.model), \(settings.mode.rawValue), batch "
            + "\(settings.globalBatch(ranks: placement.ranks)) of all ranks, \(placement.ranks) "
            + "rank\(placement.ranks == 1 ? "" : "s"), \(placement.hosts) host\(placement.hosts == 1 ? "" : "s"), "
            + "link \(settings.link); times in ms",
    ]
    if placement.isOversubscribed { lines.append("more threads of ranks than cores: these times show no scaling") }
    let configurations = measured.map(\.configuration)
    func text(_ seconds: Double) -> String { String(format: "%.3f", 1e3 * seconds) }
    let header = [
        "learned", "exchange", "step", "(p10–p90)", "compute", "expand+project", "wait", "exchange", "payload",
        "wire", "memory", "net gain",
    ]
    lines += aligned(
        [header]
            + measured.map { row in
                func median(_ phase: StepPhase) -> Double { row.times[phase]!.median }
                let step = row.times[.step]!, configuration = row.configuration
                let baseline = configuration.baseline(among: configurations)
                let full = measured.first { $0.configuration == baseline }
                return [
                    String(format: "%g", configuration.learned), configuration.exchange.label, text(step.median),
                    "(\(text(step.p10))–\(text(step.p90)))",
                    text(median(.compute)), text(median(.expand) + median(.projectGradient)), text(median(.wait)),
                    text(median(.exchange)),
                    readable(bytes: row.bytes.payload), readable(bytes: row.bytes.wire), readable(bytes: row.peakBytes),
                    full.map { String(format: "%+.3f", 1e3 * row.times.netGain(over: $0.times)) } ?? "",
                ]
            })
    lines.append(
        "medians over steps, then the largest of a rank; compute holds expand and project gradient; wire and memory: "
            + "the busiest rank's"
    )
    let baseline = first.configuration.job == "rica" ? "the dense layer's" : "full"
    lines.append("net gain: what wait and exchange are shorter than \(baseline), without expand and project gradient")
    let wrong = measured.filter { !$0.bytesAgree }
    if wrong.isEmpty {
        lines.append("the bytes that were counted where buffers are handed to MPI are those of the formula")
    }
    lines += wrong.map {
        "bytes of learned \(String(format: "%g", $0.configuration.learned)), \($0.configuration.exchange.label): "
            + "the formula says payload \($0.bytes.payload), wire \($0.bytes.wire), counted were \($0.counted.payload) "
            + "and \($0.counted.wire)"
    }
    return lines
}

/// Rows whose columns are as wide as their longest value.
func aligned(_ rows: [[String]]) -> [String] {
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max()! }
    return rows.map { row in
        zip(row, widths).map { String(repeating: " ", count: $1 - $0.count) + $0 }.joined(separator: "  ")
    }
}
