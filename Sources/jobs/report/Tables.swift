import Training

extension Comparison {
    /// runs.csv: a row a run, in the order they were given.
    var runTable: Table {
        let settings = differingOfRuns, isSearched = runs.contains { $0.result.chosen != nil }
        var table = Table(
            columns: ["folder", "job", "ranks"] + settings + (isSearched ? ["chosen"] : []) + [
                "accuracy", "error", "dynamicParameters", "learnedParameters", "fullParameters", "proportion", "bytesPerStep",
                "wireBytesPerStep", "secondsPerStep", "seconds",
            ])
        for run in runs {
            let result = run.result
            let chosen = result.chosen?.sorted { $0.key < $1.key }.map { "\($0) \($1)" }.joined(separator: ", ")
            table.rows.append(
                [.text(run.folder), .text(run.record.job), .count(run.record.ranks)]
                    + settings.map { Cell(setting: run.record.settings[$0]) } + (isSearched ? [Cell(setting: chosen)] : []) + [
                        Cell(result.accuracy, "%.4f"), .number(run.error, "%.4f"), .count(result.dynamicParameters),
                        .count(result.learnedParameters), .count(result.fullParameters), .number(result.proportion, "%.4f"),
                        .count(result.bytesPerStep), .count(result.wireBytesPerStep), Cell(result.secondsPerStep, "%.6f"),
                        .number(result.seconds, "%.1f"),
                    ])
        }
        return table
    }

    /// summary.csv and summary.md: a row a group.
    var summaryTable: Table {
        let settings = differing
        var table = Table(
            columns: ["series"] + settings + [
                "n", "error in %", "± 90 %", "learned values", "proportion", "bytes a step", "seconds a step",
            ])
        for series in series {
            for group in series.groups {
                let result = group.first.result
                table.rows.append(
                    [.text(series.name)] + settings.map { Cell(setting: group.settings[$0]) } + [
                        .count(group.runs.count), .number(100 * group.meanError, "%.2f"), Cell(group.halfInterval.map { 100 * $0 }, "%.2f"),
                        .count(result.learnedParameters), .number(result.proportion, "%.4f"), .count(result.bytesPerStep),
                        Cell(group.secondsPerStep, "%.6f"),
                    ])
            }
        }
        return table
    }
}
