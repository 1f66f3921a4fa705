import Foundation
import TestSupport
import Testing

/// What the job report says to folders and runs that it cannot use: the code, one line that names the culprit, and no report.
@Suite struct BadRunTests {
    private let run: ReportRun

    init() throws {
        run = try ReportRun()
        for seed in ["1", "2"] { try WrittenRun(["seed": seed], error: 0.02).write(to: run.file("runs/\(seed)")) }
    }

    private func refused(_ code: Int32, _ folders: [String] = ["runs"], _ options: [String] = [], names parts: [String]) throws {
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
        ("result.json", "[1]", "found another kind of value"), ("metrics.csv", "a,b\n1,2\n", "'seconds' and 'objective'"),
        ("metrics.csv", "objective,seconds\n0.5,1\n0.4\n", "line 3"), ("filters.png", "no picture", "in PNG"),
    ])
    func aDamagedFile(name: String, text: String, part: String) throws {
        try run.write(text, to: "runs/1/\(name)")
        try refused(65, names: [run.file("runs/1/\(name)"), "expected", part, "leave its folder out"])
    }

    @Test func aResultThatCannotBe() throws {
        try WrittenRun([:], error: 3).write(to: run.file("runs/1"))
        try refused(65, names: [run.file("runs/1/result.json"), "'error' from 0.0 to 1.0", "3.0"])
        try WrittenRun(["dataset": ""], error: 0.1).write(to: run.file("runs/1"))
        try refused(65, names: [run.file("runs/1/run.json"), "'dataset'"])
        try FileManager.default.removeItem(atPath: run.file("runs/1/run.json"))
        try refused(65, names: [run.file("runs/1/run.json"), "no file"])
    }

    @Test func unfinishedRunsAreCounted() throws {
        try FileManager.default.removeItem(atPath: run.file("runs/2/result.json"))
        try WrittenRun(["seed": "3"], error: nil).write(to: run.file("runs/3"))
        let outcome = try run.report(environment: ["PATH": ""])
        #expect(outcome.code == 0 && outcome.output.hasPrefix("runs       1, groups 1\n"), "\(outcome)")
        #expect(outcome.error.contains("2 of 3 runs left out") && outcome.error.contains(run.file("runs/2")), "\(outcome)")

        try FileManager.default.removeItem(atPath: run.file("out"))
        try refused(65, ["runs/2", "runs/3"], names: [run.file("runs/2"), "0 of 2 runs finished"])
    }

    @Test func aFolderThatCannotBeMade() throws {
        try run.write("", to: "out")
        let outcome = try run.report(environment: ["PATH": ""])
        #expect(outcome.code == 1 && outcome.error.contains("\(run.file("out")) is a file; choose another with --out"), "\(outcome)")
    }

    @Test func helpAndVersion() throws {
        for option in ["--help", "--version"] {
            let outcome = try run.report([], [option])
            #expect(outcome.code == 0 && outcome.error.isEmpty, "\(outcome)")
            #expect(outcome.output.contains(option == "--help" ? "gnuplot" : "0."), "\(outcome)")
        }
    }
}
