import Foundation
import JobSupport
import Reports
import Runs
import Storage

/// The run directories that are named, or that lie in folders named, each once. Says which folders beside them are left
/// out.
///
/// - Throws: `OptionError` for a folder that is not there or has no run.
func findRuns(_ folders: [String]) throws -> [String] {
    var found: [String] = [], seen: Set<[UInt]> = [], without: [String] = [], closed: [String] = []
    for folder in folders {
        guard let search = RunSearch(folder) else {
            let found = status(folder) == nil ? "none" : "no folder that can be read"
            throw OptionError(
                "\(folder): expected a run directory or a folder of them, found \(found); look at its name and its "
                    + "permissions")
        }
        if search.runs.isEmpty {
            let others = search.closed.isEmpty ? "" : ", and what cannot be looked into: \(firstFew(search.closed))"
            throw OptionError(
                "\(folder): expected a run directory (run.json, result.json) or a folder of them, found neither"
                    + "\(others); name one that a job has written")
        }
        found += search.runs.filter { run in
            status(run).map { seen.insert([UInt($0.st_dev), UInt($0.st_ino)]).inserted } ?? false
        }
        without += search.without
        closed += search.closed
    }
    if !without.isEmpty {
        say("left out, \(without.count) without a run (run.json, result.json): \(firstFew(without))")
    }
    if !closed.isEmpty { say("left out, \(closed.count) that cannot be looked into: \(firstFew(closed))") }
    return found
}

/// What a report finds in a folder named: the folder itself where it is a run directory, else what lies in it.
private struct RunSearch {
    var runs: [String] = []
    /// Folders without a run.
    var without: [String] = []
    /// What cannot be looked into, with the reason.
    var closed: [String] = []

    /// Nil for what is no folder that can be read.
    init?(_ folder: String) {
        guard let stream = opendir(folder) else { return nil }
        defer { closedir(stream) }
        if FinishedRun.isRun(at: folder) {
            runs = [folder]
            return
        }
        var names: [String] = []
        while let entry = readdir(stream) {
            let bytes = withUnsafeBytes(of: &entry.pointee.d_name) { $0.prefix { $0 != 0 }.map { $0 } }
            if let name = String(validating: bytes, as: UTF8.self) {
                if ![".", ".."].contains(name) { names.append(name) }
            } else {
                // A String would hold another name.
                let shown = bytes.map { $0 < 128 ? String(UnicodeScalar($0)) : "\\x" + String($0, radix: 16) }.joined()
                closed.append("\(folder)/\(shown) (a name that is not UTF-8)")
            }
        }
        for path in names.sorted(by: inNaturalOrder).map({ (folder as NSString).appendingPathComponent($0) }) {
            guard let found = status(path) else {
                closed.append("\(path) (\(String(cString: strerror(errno))))")
                continue
            }
            guard found.st_mode & S_IFMT == S_IFDIR else { continue }
            if access(path, X_OK) != 0 {
                closed.append("\(path) (\(String(cString: strerror(errno))))")
            } else if FinishedRun.isRun(at: path) {
                runs.append(path)
            } else {
                without.append(path)
            }
        }
    }
}

/// What lies at a path, links followed; nil, with the reason in `errno`, where that cannot be said.
private func status(_ path: String) -> stat? {
    var status = stat()
    return stat(path, &status) == 0 ? status : nil
}

/// The first three names, and how many there are beside them.
func firstFew(_ names: [String]) -> String {
    names.prefix(3).joined(separator: ", ") + (names.count > 3 ? " and \(names.count - 3) more" : "")
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
        let count = "\(unfinished.count) of \(numberOfRuns(folders.count))"
        say("\(count) left out, for want of a result.json with a test error: \(firstFew(unfinished))")
    }
    for run in runs where run.record.job != first.record.job || run.dataset != first.dataset {
        throw OptionError(
            "expected runs of one job on one data set, found \(first.record.job) on \(first.dataset) in "
                + "\(first.folder) and \(run.record.job) on \(run.dataset) in \(run.folder): make a report of each")
    }
    return runs
}

/// `1 run`, `2 runs`.
func numberOfRuns(_ count: Int) -> String { "\(count) run\(count == 1 ? "" : "s")" }

/// One line on stderr.
func say(_ message: String) { StandardStreams.complain("report: \(oneLine(message))") }
