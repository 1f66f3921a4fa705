import Foundation
import TestSupport
import Testing

/// What gnuplot is told to draw.
@Suite struct FigureTests {
    private let run: ReportRun

    init() throws {
        run = try ReportRun()
        // Keeps what it is told, and draws one pixel.
        let pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
        let keeps = "/bin/cat figure.gnuplot >> '\(run.file("scripts"))'",
            draws = "echo \(pixel) | /usr/bin/base64 -d > figure.png"
        try run.write("#!/bin/sh\n\(keeps)\n\(draws)\n", to: "gnuplot")
        #expect(chmod(run.file("gnuplot"), 0o755) == 0)
    }

    private func write(_ written: WrittenRun, _ folder: String) throws {
        try written.write(to: run.file("runs/\(folder)"))
        try run.write("seconds,objective\n1,2\n2,0.1\n", to: "runs/\(folder)/metrics.csv")
    }

    /// A predicted net of a proportion, with as many seeds as errors.
    private func write(_ dictionary: String, _ proportion: Double, errors: [Double], more: [String: String] = [:])
        throws
    {
        for (seed, error) in errors.enumerated() {
            let own = ["dictionary": dictionary, "learned": "\(proportion)", "seed": "\(seed)"].merging(more) { $1 }
            var written = WrittenRun(own, error: error)
            (written.proportion, written.learned) = (proportion, Int(1e6 * proportion))
            try write(written, "\(dictionary) \(proportion) \(more.values.joined()) \(seed)")
        }
    }

    /// The scripts of all figures, in order.
    private func scripts() throws -> [String] {
        let outcome = try run.report(environment: ["PATH": run.path])
        #expect(outcome.code == 0 && outcome.error.isEmpty, "\(outcome)")
        return try run.text("scripts").components(separatedBy: "set encoding utf8\n").dropFirst().map { $0 }
    }

    /// The numbers of a curve: x, y, and the ends of its bar.
    private func points(_ curve: Int, of script: String) throws -> [[Double]] {
        let block = try #require(script.components(separatedBy: "$curve\(curve) << EOD\n").dropFirst().first)
        let lines = try #require(block.components(separatedBy: "EOD\n").first).split(separator: "\n")
        return lines.map { $0.split(separator: " ").map { Double($0)! } }
    }

    /// Points at one x stand beside it, those alone at it. Above ten times the median error, here of 2 to 88 %, is the
    /// frame.
    @Test func pointsAndBars() throws {
        for (proportion, error) in [(0.025, 0.03), (0.1, 0.02), (0.4, 0.02)] {
            try write("pca", proportion, errors: [error])
        }
        try write("se,emp", 0.1, errors: [0.01, 0.09])
        try write("lowrank,lowrank", 0.7, errors: [0.88, 0.9])
        let script = try scripts()[0]
        let lowrank = try points(0, of: script), pca = try points(1, of: script), se = try points(2, of: script)
        #expect(pca.map { $0[0] }[0] == 0.025 && pca[2][0] == 0.4 && lowrank[0][0] == 0.7, "alone")
        #expect(pca[1][0] < 0.1 && pca[1][0] > 0.095 && se[0][0] > 0.1 && se[0][0] < 0.105, "side by side")
        let range = try #require(script.firstMatch(of: /set yrange \[([0-9.]+):([0-9.]+)\]/))
        let low = try #require(Double(range.1)), high = try #require(Double(range.2))
        #expect(low > 0 && low < 2 && high > 5 && high < 10)
        #expect(lowrank[0][1...] == [high, high, high], "at the frame, without a bar")
        // 5 ± 6.314·5.66/√2 %
        #expect(abs(se[0][1] - 5) < 1e-9 && se[0][2] == low && se[0][3] == high, "a bar ends at the frame")
        #expect(script.contains("'points at the upper frame: errors above 30 %, without bars'"))
        #expect(script.contains("set xlabel 'proportion learned of the predicted layers'' weights'"))
    }

    /// Round numbers first, as many as there is room for, none in powers of ten below ten million.
    @Test func ticks() throws {
        for (proportion, error) in [(0.025, 0.2), (0.1, 0.02), (0.7, 0.02)] {
            try write("pca", proportion, errors: [error])
        }
        try write(WrittenRun.dense([:], error: 0.02, learned: 1_300_000, full: 642_000), "dense")
        let all = try scripts()
        func ticks(_ axis: String, _ script: String) throws -> [String] {
            let line = try #require(script.split(separator: "\n").first { $0.hasPrefix("set \(axis)tics (") })
            return line.matches(of: /'([^']*)'/).map { String($0.1) }
        }
        let x = try ticks("x", all[0]), y = try ticks("y", all[0]), learned = try ticks("x", all[1])
        #expect(x.first == "0.025" && x.last == "0.7" && x.contains("0.1") && x.count >= 8, "\(x)")
        #expect(y.count >= 8 && Set(["2", "2.5", "5", "10", "20"]).isSubset(of: y), "\(y)")
        #expect(Set(["50000", "100000", "1000000"]).isSubset(of: learned), "\(learned)")
        #expect(all[0].contains("set logscale x") && all[0].contains("set logscale y"))
    }

    /// More than twelve groups: of each series the best, in the colour that it has in every figure.
    @Test func training() throws {
        for proportion in stride(from: 0.1, to: 0.75, by: 0.1) {
            try write("pca", proportion, errors: [0.02])
            try write("se,emp", proportion, errors: [0.03 - proportion / 100])
        }
        let all = try scripts(), page = try run.text("out/report.html")
        #expect(
            page.contains("the smallest seed of 2 of 14 groups: of each series the one with the lowest test error."))
        for (name, label) in [("pca", "pca, learned 0.1"), ("se,emp", "se,emp, learned 0.7")] {
            let colour = try #require(
                all[0].firstMatch(of: try Regex("lc rgb '(#[0-9A-F]+)' title '\(name)'"))?.output[1].substring)
            #expect(all[2].contains("lc rgb '\(colour)' title '\(label)'"), "\(all[2])")
            #expect(colour != "#000000", "black is for dense nets")
        }
    }

    /// Up to twelve groups: all of them, where those of a series have its colour and dashes of their own.
    @Test func groupsOfOneSeries() throws {
        for proportion in [0.1, 0.2, 0.3, 0.4, 0.5, 0.6] { try write("pca", proportion, errors: [0.02]) }
        let script = try scripts()[2]
        let looks = script.matches(of: /lw ([0-9]) dt ([0-9]) lc rgb '(#[0-9A-F]+)' title 'pca, learned/)
        #expect(
            looks.count == 6 && Set(looks.map(\.3)).count == 1 && Set(looks.map { "\($0.1) \($0.2)" }).count == 6,
            "\(script)")
    }

    /// Names of more than 40 characters, and more than 20 of any length, stand below.
    @Test func theKey() throws {
        func key() throws -> Substring? {
            try? FileManager.default.removeItem(atPath: run.file("scripts"))
            return try scripts()[0].split(separator: "\n").first { $0.hasPrefix("set key outside") }
        }
        for columns in 1...20 { try write("se,emp", 0.1, errors: [0.02], more: ["columns": "\(columns)"]) }
        #expect(try key()?.contains("right top") == true)
        try write("se,emp", 0.1, errors: [0.02], more: ["columns": "21"])
        #expect(try key()?.contains("bottom center vertical maxcols 1") == true)
        try FileManager.default.removeItem(atPath: run.file("runs"))
        try FileManager.default.createDirectory(atPath: run.file("runs"), withIntermediateDirectories: true)
        for word in ["first", "second"] {
            try write("se,emp", 0.1, errors: [0.02], more: ["alternate": "more than 20 characters: \(word)"])
        }
        #expect(try key()?.contains("bottom center vertical maxcols 1") == true)
    }
}
