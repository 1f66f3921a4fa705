import DataParallel
import Datasets
import Foundation
import Reports
import Runs
import Storage

/// The job: reads all runs, draws, then writes.
func runReport(_ options: ReportOptions) throws {
    let comparison = Comparison(try readRuns(try findRuns(options.folders)))
    if !comparison.repeated.isEmpty {
        let count = comparison.repeated.count, others = count == 1 ? "another has its" : "others have their"
        say("\(numberOfRuns(count)) not in the summary, since \(others) settings and seed: "
            + firstFew(comparison.repeated.map(\.folder)))
    }
    let possible = try [
        comparison.errorByProportion, comparison.errorByLearnedValues,
        comparison.training(TrainingCurve.read(_:files:)),
    ]
    let figures = possible.compactMap { $0 }
    let filters = try readFilters(comparison)
    let drawn = draw(figures), directory = try makeFolder(options.out)
    let summary = comparison.summaryTable
    try directory.write(comparison.runTable.csv, to: "runs.csv")
    try directory.write(summary.csv, to: "summary.csv")
    let text = [comparison.introduction, comparison.summaryNote].map { escapedMarkdown($0) + "\n\n" }.joined()
    try directory.write(text + summary.markdown, to: "summary.md")
    for file in Figure.files {
        if let picture = drawn?.first(where: { $0.figure.file == file })?.picture {
            try directory.write(picture, to: file)
        } else {
            // Curves of an earlier report do not belong to these tables.
            unlink(directory.file(file))
        }
    }
    let page = Page(
        title: options.title ?? comparison.subject, comparison: comparison, figures: drawn, filters: filters)
    try directory.write(page.html, to: "report.html")
    print(
        "runs       \(comparison.runs.count), groups \(comparison.groups.count)\nreport     "
            + "\(directory.file("report.html"))"
    )
}

/// Nil without gnuplot, or where it fails, of which a line tells: curves never cost a report its tables.
func draw(_ figures: [Figure]) -> [(figure: Figure, picture: Data)]? {
    guard let gnuplot = Gnuplot() else {
        say("the curves are left out, since there is no gnuplot on the PATH: install the package gnuplot-nox")
        return nil
    }
    do {
        return try figures.map { ($0, try gnuplot.draw($0.plot)) }
    } catch {
        let reason = error is TrainingError || error is DataError ? "\(error)" : error.localizedDescription
        say("the curves are left out: \(reason)")
        return nil
    }
}

/// Throws `TrainingError`.
func makeFolder(_ path: String) throws -> RunDirectory {
    let directory = RunDirectory(path: path)
    if let reason = directory.makeFolders() {
        throw TrainingError("\(path): cannot make the folder: \(reason); choose another with --out")
    }
    return directory
}

/// filters.png of the smallest seed of each group that has one.
///
/// - Throws: `DataError` for one that is no PNG, or cannot be read.
private func readFilters(_ comparison: Comparison) throws -> [(label: String, folder: String, picture: Data)] {
    try comparison.series.flatMap { series in
        try series.groups.compactMap { group in
            let path = "\(group.first.folder)/filters.png"
            let expected = "a picture in PNG"
            guard let picture = try FinishedRun.read(path, expecting: expected, atMost: mostPictureBytes)
            else { return nil }
            guard isPNG(picture) else { throw FinishedRun.damaged(path, expected, "other bytes") }
            return (series.label(of: group), group.first.folder, picture)
        }
    }
}
