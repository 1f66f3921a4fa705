import Reports
import Runs

extension RunResult {
    /// What `--validate` chose.
    fileprivate var chosenText: String? {
        chosen?.sorted { $0.key < $1.key }.map { "\($0) \($1)" }.joined(separator: ", ")
    }
}

extension Comparison {
    private var isSearched: Bool { runs.contains { $0.result.chosen != nil } }
    private var saysCoverage: Bool { runs.contains { $0.result.coverage != nil } }

    /// What the runs have in common.
    var introduction: String {
        let more = usual.isEmpty ? "" : " Where a series does not name them: \(usual.joined(separator: ", "))."
        return
            "\(numberOfRuns(runs.count)) of the job \(runs[0].record.job) on the data set \(runs[0].dataset), in "
            + "\(groups.count) group\(groups.count == 1 ? "" : "s"). In common: "
            + "\(common.joined(separator: ", ")).\(more)"
    }

    /// What the columns of the summary are.
    var summaryNote: String {
        "A row a group: runs with all settings equal but the seed. The error is the mean over n seeds, ± half its "
            + "90 % interval by Student's t; seconds a step are the median, where all seeds had as many ranks"
            + (saysCoverage ? "; coverage is the mean, a value a layer." : ".")
    }

    /// runs.csv: a row a run, in the order they were given.
    var runTable: Table {
        let settings = differingOfRuns
        var table = Table(
            columns: ["folder", "job", "ranks"] + settings + (isSearched ? ["chosen"] : []) + [
                "accuracy", "error", "dynamicParameters", "learnedParameters", "fullParameters", "proportion",
                "bytesPerStep",
                "wireBytesPerStep", "secondsPerStep", "seconds",
            ] + (saysCoverage ? ["coverage"] : []))
        for run in runs {
            let result = run.result
            table.rows.append(
                [.text(run.folder), .text(run.record.job), .count(run.record.ranks)]
                    + settings.map { Cell(setting: run.record.settings[$0]) }
                    + (isSearched ? [Cell(setting: result.chosenText)] : []) + [
                        Cell(result.accuracy, "%.4f"), .number(run.error, "%.4f"), .count(result.dynamicParameters),
                        .count(result.learnedParameters), .count(result.fullParameters),
                        .number(result.proportion, "%.4f"),
                        .count(result.bytesPerStep), .count(result.wireBytesPerStep),
                        Cell(result.secondsPerStep, "%.6f"),
                        .number(result.seconds, "%.1f"),
                    ] + (saysCoverage ? [Cell(result.coverage, "%.3f")] : []))
        }
        return table
    }

    /// summary.csv and summary.md: a row a group.
    var summaryTable: Table {
        let settings = differing
        var table = Table(
            columns: ["series"] + settings + (isSearched ? ["chosen"] : []) + [
                "n", "error in %", "± 90 %", "learned values", "proportion", "bytes a step", "ranks", "seconds a step",
            ] + (saysCoverage ? ["coverage"] : []))
        for series in series {
            for group in series.groups {
                let result = group.first.result
                let chosen = Set(group.runs.compactMap(\.result.chosenText)).sorted(by: inNaturalOrder).joined(
                    separator: "; ")
                table.rows.append(
                    [.text(series.name)] + settings.map { Cell(setting: group.settings[$0]) }
                        + (isSearched ? [.text(chosen)] : []) + [
                            .count(group.runs.count), .number(100 * group.meanError, "%.2f"),
                            Cell(group.halfInterval.map { 100 * $0 }, "%.2f"),
                            .count(result.learnedParameters), .number(result.proportion, "%.4f"),
                            .count(result.bytesPerStep),
                            .text(group.ranks.map(String.init).joined(separator: ", ")),
                            Cell(group.secondsPerStep, "%.6f"),
                        ] + (saysCoverage ? [Cell(group.coverage, "%.3f")] : []))
            }
        }
        return table
    }
}
