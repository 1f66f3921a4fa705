import Foundation
import TestSupport
import Testing

/// What the job report says to folders and runs that it cannot use: the code, one line that names the culprit, and no
/// report.
@Suite struct BadRunTests {
    private let run: ReportRun

    init() throws {
        run = try ReportRun()
        for seed in ["1", "2"] { try WrittenRun(["seed": seed], error: 0.02).write(to: run.file("runs/\(seed)")) }
    }

    private func refused(_ code: Int32, _ folders: [String] = ["runs"], _ options: [String] = [], names parts: [String])
        throws
    {
        let outcome = try run.report(folders, options)
        #expect(outcome.code == code, "\(outcome)")
        let lines = outcome.error.split(separator: "\n").filter { $0.hasPrefix("report: ") || $0.hasPrefix("Error: ") }
        #expect(lines.count == 1 && parts.allSatisfy { lines[0].contains($0) }, "\(outcome)")
        #expect(run.left.isEmpty)
    }

    @Test func wrongOptions() throws {
        try refused(64, [], names: ["<dir>"])
        try refused(64, ["runs/none"], names: [run.file("runs/none"), "found none"])
        try refused(64, ["runs/1/run.json"], names: [run.file("runs/1/run.json"), "no folder"])
        try FileManager.default.createDirectory(atPath: run.file("empty"), withIntermediateDirectories: true)
        try refused(64, ["runs", "empty"], names: [run.file("empty"), "run.json"])
        try refused(64, ["runs"], ["--out", ""], names: ["--out", "empty"])
    }

    @Test func runsOfTwoJobsOrDataSets() throws {
        var other = WrittenRun([:], error: 0.1)
        other.job = "rica"
        try other.write(to: run.file("runs/3"))
        try refused(64, names: ["mlp on sample", "rica on sample", run.file("runs/1"), run.file("runs/3")])
        try WrittenRun(["dataset": "mnist"], error: 0.1).write(to: run.file("runs/3"))
        try refused(64, names: ["mlp on sample", "mlp on mnist"])
    }

    @Test(arguments: [
        ("run.json", "something", "found text that is not JSON"), ("run.json", "", "found an empty file"),
        ("run.json", "{}", "found no 'job'"), ("result.json", "{\"error\": 0.1}", "found no 'dynamicParameters'"),
        ("result.json", "[1]", "found another kind of value"),
        ("metrics.csv", "a,b\n1,2\n", "'seconds' and 'objective'"),
        ("metrics.csv", "objective,seconds\n0.5,1\n0.4\n", "2 values in line 3"),
        ("metrics.csv", "objective,seconds\n0.5,1\nnan,2\n", "up to 1e100 in line 3, found 'nan,2'"),
        ("metrics.csv", "objective,seconds\n1e101,1\n", "in line 2"),
        ("metrics.csv", "objective,seconds\n0.5,-1\n", "in line 2"),
        ("metrics.csv", "objective,seconds\n\u{0},1e400\n", "in line 2"), ("filters.png", "no picture", "in PNG"),
    ])
    func aDamagedFile(name: String, text: String, part: String) throws {
        try run.write(text, to: "runs/1/\(name)")
        try refused(65, names: [run.file("runs/1/\(name)"), "expected", part, "leave its folder out"])
    }

    /// A table that is whole, but not the one that the result's run wrote.
    @Test func theMetricsOfAnotherRun() throws {
        try run.write("objective,seconds\n0.5,1\n", to: "runs/1/metrics.csv")
        let path = run.file("runs/1/result.json"), text = try String(contentsOfFile: path, encoding: .utf8)
        try run.write("{\"files\": {\"metrics.csv\": 1}, " + text.dropFirst(), to: "runs/1/result.json")
        try refused(65, names: [run.file("runs/1/metrics.csv"), "expected the metrics that the run wrote"])
    }

    @Test func aResultThatCannotBe() throws {
        try WrittenRun([:], error: 3).write(to: run.file("runs/1"))
        try refused(65, names: [run.file("runs/1/result.json"), "'error' from 0.0 to 1.0", "3.0"])
        try WrittenRun(["dataset": ""], error: 0.1).write(to: run.file("runs/1"))
        try refused(65, names: [run.file("runs/1/run.json"), "'dataset'"])
        try FileManager.default.removeItem(atPath: run.file("runs/1/run.json"))
        try refused(65, names: [run.file("runs/1/run.json"), "no file"])
    }

    /// A value of result.json, or of run.json, that cannot be.
    @Test(arguments: [
        ("run.json", "ranks", "0", "'ranks' from 1 to 1000000, found 0"),
        ("run.json", "ranks", "1e30", "a number out of range"),
        ("result.json", "learnedParameters", "9223372036854775807", "'learnedParameters' from 1.0 to 1000000000000000"),
        ("result.json", "dynamicParameters", "-1", "'dynamicParameters' from 0.0"),
        ("result.json", "bytesPerStep", "18446744073709551616", "a number out of range"),
        ("result.json", "seconds", "1e308", "'seconds' from 0.0 to 1000000000.0, found 1e+308"),
        ("result.json", "secondsPerStep", "-0.5", "'secondsPerStep' from 0.0"),
        ("result.json", "accuracy", "1.5", "'accuracy' from 0.0"),
        ("result.json", "coverage", "[1, 2]", "'coverage' from 0.0 to 1.0, found 2.0"),
    ])
    func aNumberThatCannotBe(file: String, name: String, value: String, says: String) throws {
        let path = run.file("runs/1/\(file)")
        let written = try JSONSerialization.jsonObject(with: try run.data("runs/1/\(file)"))
        var object = try #require(written as? [String: Any])
        object[name] = "PLACE"
        let text = String(decoding: try JSONSerialization.data(withJSONObject: object), as: UTF8.self)
        try run.write(text.replacingOccurrences(of: "\"PLACE\"", with: value), to: "runs/1/\(file)")
        try refused(65, names: [path, "expected", says, "leave its folder out"])
    }

    @Test func textWithoutEnd() throws {
        try run.write(String(repeating: "[", count: 100_000), to: "runs/1/result.json")
        try refused(65, names: [run.file("runs/1/result.json"), "found text that is not JSON"])
        try WrittenRun(["widths": String(repeating: "5", count: 1001)], error: 0.02).write(to: run.file("runs/1"))
        try refused(65, names: [run.file("runs/1/run.json"), "texts of at most 1000 bytes, found one of 1001, '555"])
    }

    /// What would be waited for, or read for ever, in place of a file.
    @Test(arguments: ["run.json", "result.json", "metrics.csv", "filters.png"])
    func whatIsNoFile(name: String) throws {
        let path = run.file("runs/1/\(name)")
        try? FileManager.default.removeItem(atPath: path)
        #expect(mkfifo(path, 0o600) == 0)
        try refused(65, names: [path, "found a folder, a pipe or a device of that name"])
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "/dev/zero")
        try refused(65, names: [path, "found a folder, a pipe or a device of that name"])
        try FileManager.default.removeItem(atPath: path)
        try run.write("", to: "runs/1/\(name)")
        #expect(truncate(path, 1 << 40) == 0)
        try refused(65, names: [path, "found 1099511627776 bytes, more than the "])
    }

    /// What lies beside runs and is left out: folders without a run, and what cannot be looked into.
    @Test func whatIsLeftOutIsCounted() throws {
        for name in ["a", "b", "c", "d"] {
            try FileManager.default.createDirectory(atPath: run.file("runs/\(name)"), withIntermediateDirectories: true)
        }
        try run.write("no folder", to: "runs/notes.txt")
        try FileManager.default.createSymbolicLink(atPath: run.file("runs/loop"), withDestinationPath: "loop")
        try WrittenRun(["seed": "3"], error: 0.1).write(to: run.file("runs/3"))
        let name = Array(run.file("runs/n").utf8CString.dropLast()) + [CChar(bitPattern: 0xFF), 0]
        #expect(rename(run.file("runs/3"), name) == 0)
        let outcome = try run.report(environment: ["PATH": ""])
        #expect(outcome.code == 0 && outcome.output.hasPrefix("runs       2, groups 1\n"), "\(outcome)")
        let lines = outcome.error.split(separator: "\n").map(String.init)
        let folders = ["a", "b", "c"].map { run.file("runs/\($0)") }.joined(separator: ", ")
        let without = "report: left out, 4 without a run (run.json, result.json): \(folders) and 1 more"
        #expect(lines.contains(without), "\(outcome)")
        let loop = "\(run.file("runs/loop")) (Too many levels of symbolic links)"
        let closed = "\(run.file("runs/n\\xff")) (a name that is not UTF-8), \(loop)"
        #expect(lines.contains("report: left out, 2 that cannot be looked into: \(closed)"), "\(outcome)")
    }

    @Test func unfinishedRunsAreCounted() throws {
        try FileManager.default.removeItem(atPath: run.file("runs/2/result.json"))
        try WrittenRun(["seed": "3"], error: nil).write(to: run.file("runs/3"))
        let outcome = try run.report(environment: ["PATH": ""])
        #expect(outcome.code == 0 && outcome.output.hasPrefix("runs       1, groups 1\n"), "\(outcome)")
        #expect(
            outcome.error.contains("2 of 3 runs left out") && outcome.error.contains(run.file("runs/2")), "\(outcome)")

        try FileManager.default.removeItem(atPath: run.file("out"))
        try refused(65, ["runs/2", "runs/3"], names: [run.file("runs/2"), "0 of 2 runs finished"])
    }

    @Test func aFolderThatCannotBeMade() throws {
        try run.write("", to: "out")
        let outcome = try run.report(environment: ["PATH": ""])
        #expect(
            outcome.code == 1 && outcome.error.contains("\(run.file("out")) is a file; choose another with --out"),
            "\(outcome)")
    }

    @Test func helpAndVersion() throws {
        for option in ["--help", "--version"] {
            let outcome = try run.report([], [option])
            #expect(outcome.code == 0 && outcome.error.isEmpty, "\(outcome)")
            #expect(outcome.output.contains(option == "--help" ? "gnuplot" : "0."), "\(outcome)")
        }
    }
}
