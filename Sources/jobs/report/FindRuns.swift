import Datasets
import Foundation
import JobSupport
import Training

/// The run directories that are named, or that lie in folders named, each once.
///
/// - Throws: `OptionError` for a folder that is not there or has no run.
func findRuns(_ folders: [String]) throws -> [String] {
    var found: [String] = [], seen: Set<String> = []
    for folder in folders {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
            let isThere = FileManager.default.fileExists(atPath: folder)
            throw OptionError(
                "\(folder): expected a run directory or a folder of them, found "
                    + "\(isThere ? "no folder that can be read" : "none"); look at its name and its permissions")
        }
        let inside = FinishedRun.isRun(at: folder)
            ? [folder]
            : names.sorted(by: inNaturalOrder).map { (folder as NSString).appendingPathComponent($0) }.filter(FinishedRun.isRun)
        if inside.isEmpty {
            throw OptionError(
                "\(folder): expected a run directory (run.json, result.json) or a folder of them, found neither; name one that a job has "
                    + "written")
        }
        found += inside.filter { seen.insert(URL(fileURLWithPath: $0).resolvingSymlinksInPath().path).inserted }
    }
    return found
}

/// Reads runs, says how many are not finished, and makes sure that the others can be compared.
///
/// - Throws: `DataError` for a damaged run, or where none is finished; `OptionError` for runs of two jobs or data sets.
func readRuns(_ folders: [String]) throws -> [FinishedRun] {
    var runs: [FinishedRun] = [], unfinished: [String] = []
    for folder in folders {
        if let run = try FinishedRun.read(folder) { runs.append(run) } else { unfinished.append(folder) }
    }
    guard let first = runs.first else {
        throw DataError(
            message: "\(unfinished[0]): expected a result.json with a test error, found none; 0 of "
                + "\(numberOfRuns(unfinished.count)) finished: finish them first")
    }
    if !unfinished.isEmpty {
        say("\(unfinished.count) of \(numberOfRuns(folders.count)) left out, for want of a result.json with a test error: \(unfinished[0])"
            + (unfinished.count > 1 ? " and others" : ""))
    }
    for run in runs where run.record.job != first.record.job || run.dataset != first.dataset {
        throw OptionError(
            "expected runs of one job on one data set, found \(first.record.job) on \(first.dataset) in \(first.folder) and "
                + "\(run.record.job) on \(run.dataset) in \(run.folder): make a report of each")
    }
    return runs
}

/// `1 run`, `2 runs`.
func numberOfRuns(_ count: Int) -> String { "\(count) run\(count == 1 ? "" : "s")" }

/// One line on stderr.
func say(_ message: String) { FileHandle.standardError.write(Data("report: \(oneLine(message))\n".utf8)) }
