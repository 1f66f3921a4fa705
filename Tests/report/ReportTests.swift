import Foundation
import TestSupport
import Testing

/// What the job report writes.
@Suite struct ReportTests {
    private let run: ReportRun
    /// One pixel.
    private static let pixel = Data(
        base64Encoded: "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==")!
    private static let tables = ["report.html", "runs.csv", "summary.csv", "summary.md"]
    private static let metrics =
        "step,epoch,evaluations,objective,error,seconds,compute\n1,1,,0.5,0.1,1.5,0\n2,2,,0.25,0.1,3,0\n"

    /// Two groups: a predicted net with two seeds, of which the second is in a folder whose name is hard to write, and
    /// a dense one.
    init() throws {
        run = try ReportRun()
        var first = WrittenRun(["seed": "1"], error: 0.02)
        (first.chosen, first.coverage) = (["learning-rate": "10.0"], [1, 0.25])
        try first.write(to: run.file("runs/a"))
        var second = WrittenRun(["seed": "2"], error: 0.03)
        (second.secondsPerStep, second.chosen, second.coverage) = (0.25, ["learning-rate": "2.0"], [1, 0.75])
        try second.write(to: run.file("runs/b, \"<i>\""))
        try WrittenRun.dense(["seed": "1"], error: 0.0175, learned: 648_010, full: 642_000).write(
            to: run.file("runs/c"))
        for folder in ["a", "c"] {
            try run.write(Self.metrics, to: "runs/\(folder)/metrics.csv")
            try Self.pixel.write(to: URL(fileURLWithPath: run.file("runs/\(folder)/filters.png")))
        }
    }

    /// Errors of 2 and 3 % have the mean 2.5, s is 1/√2, and half the interval 6.314·s/√2 = 3.157.
    @Test func tablesHoldWhatTheRunsHold() throws {
        let outcome = try run.report()
        #expect(outcome.code == 0, "\(outcome)")
        #expect(
            try run.text("out/runs.csv") == """
                folder,job,ranks,alpha,columns,dense,dictionary,learned,seed,sigma,chosen,accuracy,error,\
                dynamicParameters,learnedParameters,fullParameters,proportion,bytesPerStep,wireBytesPerStep,\
                secondsPerStep,seconds,coverage
                \(run.file("runs/a")),mlp,1,distinct,10,,"se,emp",0.025,1,1.0,learning-rate 10.0,0.98,0.02,16000,\
                22010,642000,0.025,88040,0,0.5,9.5,"1.0, 0.25"
                "\(run.file("runs/b, \"\"<i>\"\""))",mlp,1,distinct,10,,"se,emp",0.025,2,1.0,learning-rate 2.0,\
                0.97,0.03,16000,22010,642000,0.025,88040,0,0.25,9.5,"1.0, 0.75"
                \(run.file("runs/c")),mlp,1,,,true,,,1,,,0.9825,0.0175,16000,648010,642000,1.0,2592040,0,0.5,9.5,

                """)
        let summary = try run.text("out/summary.csv").split(separator: "\n", omittingEmptySubsequences: false)
        #expect(
            summary[0]
                == "series,alpha,columns,learned,sigma,chosen,n,error in %,± 90 %,learned values,proportion,"
                + "bytes a step,ranks,seconds a step,coverage")
        #expect(
            summary[1].hasPrefix("dense,,,,,,1,1.75") && summary[1].hasSuffix(",,648010,1.0,2592040,1,0.5,"),
            "\(summary[1])")
        let cells = summary[2].split(separator: ",", omittingEmptySubsequences: false)
        #expect(
            summary[2].hasPrefix("\"se,emp\",distinct,10,0.025,1.0,learning-rate 2.0; learning-rate 10.0,2,2.5,"),
            "\(summary[2])")
        #expect(abs(try #require(Double(cells[9])) - 3.157) < 1e-9)
        #expect(cells[10...] == ["22010", "0.025", "88040", "1", "0.375", "\"1.0", " 0.5\""])
        let readable = try run.text("out/summary.md")
        #expect(
            readable.contains(
                "| se,emp | distinct | 10 | 0.025 | 1.0 | learning-rate 2.0; learning-rate 10.0 | 2 | 2.50 | 3.16 | "
                    + "22010 | 0.0250 | 88040 | 1 | 0.375000 | 1.000, 0.500 |\n"))
        #expect(
            readable.hasPrefix(
                "3 runs of the job mlp on the data set sample, in 2 groups. In common: 15 epochs, widths 500,500. "
                    + "Where a series does not name them: α distinct, 10 columns, σ 1.\n\nA row a group"))
    }

    /// Seeds are no measurements.
    @Test func onlyFractionsAreRounded() throws {
        try WrittenRun(["seed": "20260101", "learned": "0.02551020408163265"], error: 0.02).write(
            to: run.file("runs/d"))
        let outcome = try run.report(environment: ["PATH": ""])
        #expect(outcome.code == 0, "\(outcome)")
        let page = try run.text("out/report.html")
        #expect(page.contains(">20260101<") && page.contains(">0.02551<"))
    }

    @Test(
        .enabled(
            if: ReportRun.hasGnuplot || ProcessInfo.processInfo.environment["CI"] == "true", "gnuplot is not in PATH"))
    func curvesAreDrawn() throws {
        // A terminal that gnuplot may not have, and which a shell may have chosen.
        let outcome = try run.report(environment: ["GNUTERM": "x11"])
        #expect(outcome.code == 0 && outcome.error.isEmpty, "\(outcome)")
        #expect(run.left == (Self.tables + ["error-learned.png", "error-proportion.png", "training.png"]).sorted())
        let page = try run.text("out/report.html")
        for name in ["error-learned", "error-proportion", "training"] {
            let picture = try run.data("out/\(name).png")
            // The width in its header, big-endian, after signature, length and type.
            #expect(picture[16..<20].elementsEqual([0, 0, 5, 0]), "\(name) is 1280 wide")
            #expect(page.contains("data:image/png;base64,\(picture.base64EncodedString())"))
        }
    }

    @Test func thePageNeedsNothingElse() throws {
        let outcome = try run.report(["runs"], ["--title", "Figure <4> & \"more\""])
        #expect(outcome.code == 0, "\(outcome)")
        let page = try run.text("out/report.html")
        #expect(page.contains("<h1>Figure &lt;4&gt; &amp; &quot;more&quot;</h1>"))
        #expect(page.contains("b, &quot;&lt;i&gt;&quot;") && !page.contains("<i>"), "a folder's name is text")
        let text = page.replacing(/base64,[A-Za-z0-9+\/=]*/, with: "")
        #expect(!text.contains("http") && !text.contains("href") && !text.contains("<script") && !text.contains("url("))
        let sources = page.components(separatedBy: "src=\"").dropFirst()
        #expect(!sources.isEmpty && sources.allSatisfy { $0.hasPrefix("data:image/png;base64,") })
        #expect(page.components(separatedBy: Self.pixel.base64EncodedString()).count == 3, "filters of two groups")
        #expect(page.contains("<td>se,emp</td>") && page.contains("color-scheme: light dark"))
    }

    @Test func withoutGnuplotAllButTheCurvesIsWritten() throws {
        try FileManager.default.createDirectory(atPath: run.file("out"), withIntermediateDirectories: true)
        try run.write("an earlier one", to: "out/training.png")
        let outcome = try run.report(environment: ["PATH": ""])
        #expect(outcome.code == 0, "\(outcome)")
        #expect(outcome.error.split(separator: "\n").count == 1 && outcome.error.contains("gnuplot-nox"), "\(outcome)")
        #expect(run.left == Self.tables, "curves of an earlier report are gone")
        #expect(try run.text("out/report.html").contains("<td>se,emp</td>"))
    }

    /// Curves never cost a report its tables: one that fails, is killed, talks without end, draws nothing, or never
    /// ends. Three reports wait for their limit of 30 s, all at once.
    @Test(
        .timeLimit(.minutes(5)),
        arguments: [
            ("echo 'line 3: no such thing' >&2\nexit 2", "its last words: line 3: no such thing"),
            ("kill -9 $$", "expected a picture, found none"), ("exit 0", "its last words: none"),
            ("echo text > figure.png", "expected a picture, found none"),
            ("/usr/bin/head -c 5000000 /dev/zero >&2; exit 1", "expected a picture, found none"),
            ("/usr/bin/truncate -s 1T figure.png", "found 1099511627776 bytes"),
            ("/usr/bin/mkfifo figure.png", "found a folder, a pipe"),
            ("/usr/bin/setsid /bin/sleep 60 & exit 1", "expected a picture within 30 s, found none"),
            ("/bin/sleep 1000; echo late", "expected a picture within 30 s, found none"),
            ("while :; do echo more >&2; done", "expected a picture within 30 s, found none"),
        ])
    func aGnuplotThatFails(script: String, says: String) async throws {
        try run.write("#!/bin/sh\n\(script)\n", to: "gnuplot")
        #expect(chmod(run.file("gnuplot"), 0o755) == 0)
        let outcome = try await run.reportAside(environment: ["PATH": run.path])
        // A line in between where it takes long.
        let lines = outcome.error.split(separator: "\n"), takesLong = says.contains("within")
        let last = try #require(lines.last)
        #expect(outcome.code == 0 && lines.count <= (takesLong ? 2 : 1) && last.contains(says), "\(outcome)")
        #expect(last.hasPrefix("report: the curves are left out: "), "\(outcome)")
        #expect(run.left == Self.tables)
        #expect(try run.text("out/report.html").contains("<p>Without curves, since gnuplot drew none"))
    }

    /// A terminal that the user chose, or a display, is not gnuplot's business here.
    @Test func gnuplotHasAnEnvironmentOfItsOwn() throws {
        try run.write("#!/bin/sh\n/usr/bin/env > '\(run.file("seen"))'\nexit 1\n", to: "gnuplot")
        #expect(chmod(run.file("gnuplot"), 0o755) == 0)
        let chosen = ["PATH": run.path, "GNUTERM": "x11", "DISPLAY": ":9", "LD_LIBRARY_PATH": "/lib"]
        let outcome = try run.report(environment: chosen)
        #expect(outcome.code == 0, "\(outcome)")
        let names = Set(try run.text("seen").split(separator: "\n").map { String($0.prefix { $0 != "=" }) })
        #expect(names.contains("PATH") && names.contains("LD_LIBRARY_PATH"), "\(names)")
        #expect(!names.contains("GNUTERM") && !names.contains("DISPLAY"), "\(names)")
    }

    /// Values that a logarithm, or an axis in proportion, has no place for.
    @Test func lossesOfAllSizes() throws {
        let metrics = "seconds,objective\n1,1e100\n2,1e-300\n3,-1e100\n"
        for folder in ["a", "c"] { try run.write(metrics, to: "runs/\(folder)/metrics.csv") }
        try run.write("#!/bin/sh\nexit 1\n", to: "gnuplot")
        #expect(chmod(run.file("gnuplot"), 0o755) == 0)
        for text in [metrics, metrics.replacingOccurrences(of: "-1e100", with: "5e-324")] {
            try run.write(text, to: "runs/a/metrics.csv")
            let outcome = try run.report(environment: ["PATH": run.path])
            #expect(outcome.code == 0, "\(outcome)")
        }
    }

    /// Nobody reads what it says: the report is written all the same.
    @Test func warningsThatNobodyReads() throws {
        let line = "exec '\(ReportRun.program)' \"$@\" 2> /dev/full"
        let outcome = try run.report(environment: ["PATH": ""], program: "/bin/sh", before: ["-c", line, "sh"])
        #expect(outcome.code == 0 && run.left == Self.tables, "\(outcome)")
    }

    /// scripts/run starts it as one process, whatever RANKS says, and without mpirun.
    @Test func theScriptStartsItOnce() throws {
        let top = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path
        let outcome = try run.report(
            environment: ["COLONNADE_BIN": ReportRun.program, "RANKS": "2"], program: "/usr/bin/env",
            before: ["\(top)/scripts/run", "report"])
        #expect(outcome.code == 0, "\(outcome)")
        #expect(outcome.output == "runs       3, groups 2\nreport     \(run.file("out/report.html"))\n")
    }

    @Test func oneRunIsEnough() throws {
        let outcome = try run.report(["runs/c"])
        #expect(outcome.code == 0 && outcome.output.hasPrefix("runs       1, groups 1\n"), "\(outcome)")
        #expect(!run.left.contains("error-proportion.png"), "nothing is predicted")
    }

    @Test func aRunNamedTwiceCountsOnce() throws {
        let outcome = try run.report(["runs", "runs/a", "runs/"])
        #expect(outcome.code == 0 && outcome.output.hasPrefix("runs       3, groups 2\n"), "\(outcome)")
        #expect(!outcome.error.contains("seed"), "\(outcome)")
    }
}
