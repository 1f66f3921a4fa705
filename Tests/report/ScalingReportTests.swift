import Foundation
import TestSupport
import Testing

/// What the job report makes of a table of `scaling run`.
@Suite struct ScalingReportTests {
    private let run: ReportRun
    private static let tables = ["cross-validation.csv", "forecast.csv", "scaling.html", "scaling.md", "speedup.csv"]

    /// A dense net and one that learns a tenth, on two cores: 1, 2 and 4 ranks, both modes.
    init() throws {
        run = try ReportRun()
        var written = WrittenScaling()
        written.cores = 2
        var dense = WrittenScaling.Net(learned: 1, exchange: "full", payload: 2_400_000)
        (dense.expand, dense.projectGradient) = (0, 0)
        var ring = WrittenScaling.Net(learned: 0.1, exchange: "dynamic-ring", payload: 256_000)
        ring.wait = 0.0001
        let nets = [
            dense, WrittenScaling.Net(learned: 0.1, exchange: "full", payload: 2_400_000),
            ring,
        ]
        for net in nets {
            for (link, rate) in [("100mbit", 1e8), ("1gbit", 1e9)] {
                for ranks in [1, 2, 4] {
                    written.add(net, ranks: ranks, batch: 100, link: link, bitsPerSecond: rate)
                    written.add(net, ranks: ranks, batch: 100 * ranks, mode: "weak", link: link, bitsPerSecond: rate)
                }
            }
        }
        try run.write(written.text, to: "scaling.csv")
        // Keeps what it is told, and draws one pixel.
        let pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
        let keeps = "/bin/cat figure.gnuplot >> '\(run.file("scripts"))'",
            draws = "echo \(pixel) | /usr/bin/base64 -d > figure.png"
        try run.write("#!/bin/sh\n\(keeps)\n\(draws)\n", to: "gnuplot")
        #expect(chmod(run.file("gnuplot"), 0o755) == 0)
    }

    private func report(_ options: [String] = [], path: String? = nil) throws -> ReportRun.Outcome {
        try run.report([], ["--scaling", run.file("scaling.csv")] + options, environment: ["PATH": path ?? run.path])
    }

    /// The rows of a CSV table without commas in its cells but in quotes, by column.
    private func rows(_ name: String) throws -> [[String: String]] {
        let lines = try run.text("out/\(name)").split(separator: "\n").map { line in
            String(line).replacing(/"([^"]*)"/) { $0.1.replacingOccurrences(of: ",", with: ";") }
                .split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
        return lines.dropFirst().map { Dictionary(uniqueKeysWithValues: zip(lines[0], $0)) }
    }

    @Test func speedups() throws {
        let outcome = try report()
        #expect(outcome.code == 0 && outcome.error.isEmpty, "\(outcome)")
        let all = try rows("speedup.csv")
        #expect(all.count == 36)
        func row(_ configuration: String, _ mode: String, _ ranks: Int) throws -> [String: String] {
            try #require(
                all.first {
                    $0["configuration"] == configuration && $0["mode"] == mode && $0["ranks"] == "\(ranks)"
                        && $0["link"] == "100mbit"
                })
        }
        func value(_ row: [String: String], _ column: String) throws -> Double {
            try #require(row[column].flatMap(Double.init))
        }
        for (mode, base) in [("strong", 1.0), ("weak", 2.0)] {
            let one = try row("dense; full", mode, 1), two = try row("dense; full", mode, 2),
                four = try row("dense; full", mode, 4)
            let times = try [one, two].map { try value($0, "ms a step") }
            // A weak step on two ranks has twice the samples.
            #expect(abs(try value(two, "speedup") - base * times[0] / times[1]) < 1e-9)
            #expect(abs(try value(two, "efficiency in %") - 50 * base * times[0] / times[1]) < 1e-9)
            #expect(one["speedup"] == "1.0" && one["efficiency in %"] == "100.0" && two["cores"] == "own")
            #expect(
                four["cores"] == "shared" && four["speedup"] == "" && four["efficiency in %"] == "",
                "never called scaling")
        }
        let ring = try row("learned 0.1; dynamic-ring", "strong", 2), full = try row("learned 0.1; full", "strong", 2)
        #expect(abs(try value(ring, "of full") - value(ring, "ms a step") / value(full, "ms a step")) < 1e-12)
        let saved = try ["wait", "exchange"].reduce(0) { try $0 + value(full, $1) - value(ring, $1) }
        #expect(abs(try value(ring, "net gain in ms") - (saved - 0.4 - 0.6)) < 1e-9)
        #expect(full["of full"] == "" && full["net gain in ms"] == "")
    }

    /// Two rank counts without shared cores are too few to hold one back and be right; CostModelTests has enough of
    /// them.
    @Test func modelAndForecast() throws {
        #expect(try report().code == 0)
        let held = try rows("cross-validation.csv")
        #expect(!held.isEmpty)
        for row in held {
            let numbers = try ["measured", "predicted", "error"].map { try #require(row[$0].flatMap(Double.init)) }
            #expect(abs(numbers[1] / numbers[0] - 1 - numbers[2]) < 1e-12 && numbers[1] > 0)
        }
        let forecast = try rows("forecast.csv")
        #expect(forecast.count == 9, "three configurations on three networks")
        let ring = try #require(
            forecast.first { $0["configuration"] == "learned 0.1; dynamic-ring" && $0["network"]!.hasPrefix("1 Gbit") })
        #expect(
            ring["batch per rank"] == "100" && ring["pays"]!.hasPrefix("from 2 to ") && ring["pays below"] != "",
            "\(ring)")
        #expect(
            forecast.filter { $0["configuration"]!.hasSuffix("full") }.allSatisfy {
                $0["pays"] == "" && $0["pays below"] == ""
            })
        let text = try run.text("out/scaling.md")
        #expect(
            text.contains("| shared |") && text.contains("held back from the fit in turn: \(held.count) predictions"))
        #expect(text.contains("- net, 1 Gbit/s Ethernet, 50 µs: fastest at 16 ranks "))
        #expect(text.contains("Faster than the same net exchanged in full from 2 to "))
    }

    @Test func curves() throws {
        try FileManager.default.createDirectory(atPath: run.file("out"), withIntermediateDirectories: true)
        for name in ["forecast-old.png", "mine.png"] { try run.write("", to: "out/\(name)") }
        let outcome = try report()
        #expect(
            outcome.output == "rows       36, curves 11\nreport     \(run.file("out/scaling.html"))\n", "\(outcome)")
        let measured = ["strong", "weak"].flatMap { mode in ["100mbit", "1gbit"].map { "net-\(mode)-\($0)-100.png" } }
        let forecasts = ["1-Gbit-s-Ethernet", "10-Gbit-s-Ethernet", "100-Gbit-s-fabric"].map {
            "forecast-net-\($0).png"
        }
        let pictures = measured.flatMap { ["step-" + $0, "efficiency-" + $0] } + forecasts
        #expect(
            run.left == (Self.tables + pictures + ["mine.png"]).sorted(),
            "curves of an earlier report are gone: \(run.left)")

        let scripts = try run.text("scripts").components(separatedBy: "set encoding utf8\n").dropFirst()
        let subject = "'net, strong scaling, link 100mbit, batch 100 of all ranks: time of a step"
        let steps = try #require(scripts.first { $0.contains(subject) })
        #expect(steps.contains("title 'dense, full'") && steps.contains("dt 2 lc rgb '#000000' notitle"))
        #expect(steps.contains("dashed: more ranks than cores"))
        #expect(steps.contains("set xtics ('1' 1.0, '2' 2.0, '4' 4.0)"))
        let efficiency = try #require(scripts.first { $0.contains("set ylabel 'efficiency in %'") })
        #expect(!efficiency.contains("dt 2"), "never called scaling")
        let forecast = try #require(scripts.first { $0.contains("10 Gbit/s Ethernet, 20 µs (assumed)") })
        #expect(forecast.contains("dashed: beyond the 2 ranks measured with a core each; ± "))
        // Three curves up to what was measured, three from there on.
        #expect(
            forecast.matches(of: /dt 1 lc rgb/).count == 3
                && forecast.matches(of: /dt 2 lc rgb '#[0-9A-F]+' notitle/).count == 3)
        #expect(forecast.contains("set xtics ('1' 1.0, '4' 4.0,") && forecast.contains("'4096' 4096.0)"))
        #expect(try run.text("out/scaling.html").matches(of: /data:image\/png;base64,/).count == 11)
    }

    @Test func onlySharedCores() throws {
        var written = WrittenScaling()
        written.cores = 1
        let net = WrittenScaling.Net(learned: 0.1, exchange: "owned", payload: 256_000)
        for ranks in [2, 4] { written.add(net, ranks: ranks, batch: 100, link: "local", bitsPerSecond: 1e9) }
        try run.write(written.text, to: "scaling.csv")
        let outcome = try report()
        #expect(outcome.code == 0, "\(outcome)")
        #expect(try rows("speedup.csv").allSatisfy { $0["speedup"] == "" })
        #expect(try rows("forecast.csv").isEmpty)
        #expect(
            try run.text("out/scaling.md").contains(
                "net: no forecast, since all its rows are of ranks that share cores."))
        #expect(try run.text("scripts").contains("dt 2 lc rgb '#0072B2' title 'learned 0.1, owned'"))
        #expect(!run.left.contains { $0.hasPrefix("efficiency") || $0.hasPrefix("forecast-") }, "\(run.left)")
    }

    @Test func withoutGnuplot() throws {
        let outcome = try report(path: "")
        #expect(outcome.code == 0 && outcome.error.contains("gnuplot-nox") && run.left == Self.tables, "\(outcome)")
    }

    @Test(
        .enabled(
            if: ReportRun.hasGnuplot || ProcessInfo.processInfo.environment["CI"] == "true", "gnuplot is not in PATH"))
    func gnuplotDraws() throws {
        let outcome = try report(path: ProcessInfo.processInfo.environment["PATH"])
        #expect(outcome.code == 0 && outcome.error.isEmpty && outcome.output.contains("curves 11"), "\(outcome)")
    }

    @Test func refused() throws {
        let both = try run.report(["runs"], ["--scaling", run.file("scaling.csv")])
        #expect(both.code == 64 && both.error.contains("--scaling: expected no run directories beside it"), "\(both)")
        let none = try run.report([], ["--scaling", run.file("none.csv")])
        #expect(
            none.code == 65 && none.error.contains("report: \(run.file("none.csv")): expected the table"), "\(none)")
        let text = try run.text("scaling.csv")
        try run.write(text.replacingOccurrences(of: "weak", with: "strange"), to: "scaling.csv")
        let damaged = try report()
        #expect(
            damaged.code == 65 && damaged.error.contains("line 3: expected strong or weak as mode, found 'strange'"),
            "\(damaged)")
        let most = text.replacingOccurrences(of: "strong,4,", with: "strong,9223372036854775807,")
        try run.write(most, to: "scaling.csv")
        let huge = try report()
        let says = "line 6: expected a whole number from 1 to 1000000 as ranks, found '9223372036854775807'"
        #expect(huge.code == 65 && huge.error.contains(says), "\(huge)")
        #expect(run.left.isEmpty)
    }

    @Test func aGnuplotThatFails() throws {
        try run.write("#!/bin/sh\nexit 1\n", to: "gnuplot")
        let outcome = try report()
        #expect(outcome.code == 0 && outcome.error.contains("the curves are left out"), "\(outcome)")
        #expect(run.left == Self.tables)
        #expect(outcome.output.hasPrefix("rows       36, curves 0\n"), "\(outcome)")
    }
}
