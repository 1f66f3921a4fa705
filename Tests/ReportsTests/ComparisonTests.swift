import Foundation
import Reports
import TestSupport
import Testing

/// How runs become points, points curves, and what curves are called.
@Suite struct ComparisonTests {
    private func compare(_ written: [WrittenRun]) throws -> Comparison {
        var runs: [FinishedRun] = []
        try withFolder { folder in
            for (k, run) in written.enumerated() {
                try run.write(to: "\(folder)/\(k)")
                runs.append(try #require(try FinishedRun.read("\(folder)/\(k)")))
            }
        }
        return Comparison(runs)
    }

    @Test func runsThatDifferInTheSeedAreOneGroup() throws {
        let written = [("10", 0.02, 3.0), ("2", 0.04, 1.0), ("3", 0.06, 1.5)].map { seed, error, seconds in
            var run = WrittenRun(["seed": seed], error: error)
            run.secondsPerStep = seconds
            return run
        }
        let comparison = try compare(written)
        let group = try #require(comparison.groups.first)
        #expect(comparison.groups.count == 1)
        #expect(group.runs.map(\.seed) == ["2", "3", "10"], "seeds are numbers")
        #expect(group.first.error == 0.04)
        #expect(abs(group.meanError - 0.04) < 1e-15)
        // s = 0.02, t₂ = 2.920
        #expect(abs(try #require(group.halfInterval) - 2.920 * 0.02 / 3.squareRoot()) < 1e-12)
        #expect(group.secondsPerStep == 1.5 && group.ranks == [1])
        #expect(comparison.differing.isEmpty && comparison.differingOfRuns == ["seed"])
    }

    /// A run whose record names its environment `circumstances` is read as any other.
    @Test func recordsWithCircumstances() throws {
        try withFolder { folder in
            try WrittenRun(["seed": "7"], error: 0.02).write(to: folder)
            let path = "\(folder)/run.json"
            let text = try String(contentsOfFile: path, encoding: .utf8)
            try text.replacingOccurrences(of: "\"environment\"", with: "\"circumstances\"")
                .write(toFile: path, atomically: true, encoding: .utf8)
            let run = try #require(try FinishedRun.read(folder))
            #expect(run.seed == "7" && run.record.environment.isEmpty && !text.contains("circumstances"))
        }
    }

    /// A run that was begun anew and is not finished stands beside the result of the one before.
    @Test func aResultOfAnotherRunIsNone() throws {
        try withFolder { folder in
            try WrittenRun(["seed": "7"], error: 0.02).write(to: folder)
            for (file, id) in [("run.json", "\"id\":\"1\""), ("result.json", "\"run\":\"2\"")] {
                let path = "\(folder)/\(file)", text = try String(contentsOfFile: path, encoding: .utf8)
                try "{\(id),\(text.dropFirst())".write(toFile: path, atomically: true, encoding: .utf8)
            }
            #expect(try FinishedRun.read(folder) == nil)
        }
    }

    /// Dense nets of other maps are points of one curve, those of other filters a curve of their own.
    @Test func netsOfOtherSizes() throws {
        func settings(_ maps: Int, _ size: Int) -> [String: String] {
            let text =
                "conv \(maps) \(size) pad 4; pool 4 stride 2; relu; conv 64 \(size) stride 2 pad 3; "
                + "full \(10 * maps) columns 5; dropout 0.5"
            return ["layers": text, "widths": ""]
        }
        func dense(_ maps: Int, _ size: Int) -> WrittenRun {
            WrittenRun.dense(settings(maps, size), error: 0.1, learned: maps, full: maps)
        }
        // Words in another order are the same net.
        var turned = settings(48, 8)
        turned["layers"] = turned["layers"]!.replacingOccurrences(of: "stride 2 pad 3", with: "pad 3 stride 2")
        turned["seed"] = "2"
        let comparison = try compare([
            dense(48, 8), dense(24, 8), dense(48, 4), WrittenRun(settings(48, 8), error: 0.2),
            WrittenRun(turned, error: 0.3),
        ])
        let names = ["dense", "dense, filters 4 pad 4, 4 stride 2 pad 3", "se,emp"]
        #expect(comparison.series.map(\.name) == names)
        #expect(comparison.series.map(\.groups.count) == [2, 1, 1])
        #expect(comparison.series[2].groups[0].runs.count == 2)
        let curve = comparison.series[0]
        #expect(curve.groups.map(curve.label) == ["dense, maps 24, 64, 240", "dense, maps 48, 64, 480"])
        #expect(
            comparison.groups[0].settings["layers"]
                == "conv; pool 4 stride 2; relu; conv; full columns 5; dropout 0.5")
    }

    @Test func aSeedCountsOnce() throws {
        var onFour = WrittenRun(["seed": "1"], error: 0.5)
        onFour.ranks = 4
        let comparison = try compare([
            WrittenRun(["seed": "1"], error: 0.02), onFour, WrittenRun(["seed": "2"], error: 0.04),
        ])
        #expect(comparison.groups.map(\.runs.count) == [2])
        #expect(comparison.groups[0].runs.map(\.error) == [0.02, 0.04])
        #expect(comparison.repeated.map(\.record.ranks) == [4])
        #expect(comparison.runs.count == 3)
    }

    /// A median over runs on one rank and on four would be of neither.
    @Test func secondsAreOfOneNumberOfRanks() throws {
        let runs = [("1", 4), ("2", 1), ("3", 4)].map { seed, ranks in
            var run = WrittenRun(["seed": seed], error: 0.02)
            run.ranks = ranks
            return run
        }
        let group = try #require(try compare(runs).groups.first)
        #expect(group.runs.count == 3 && group.ranks == [1, 4] && group.secondsPerStep == nil)
    }

    @Test func coverageIsTheMeanOfEachLayer() throws {
        let runs = [("1", [0.5, 1]), ("2", [0.75, 0.5])].map { seed, coverage in
            var run = WrittenRun(["seed": seed], error: 0.02)
            run.coverage = coverage
            return run
        }
        #expect(try compare(runs).groups[0].coverage == [0.625, 0.75])
        #expect(try compare(runs + [WrittenRun(["seed": "3"], error: 0.02)]).groups[0].coverage == nil)
    }

    @Test func seriesAreNamedByWhatIsUnusual() throws {
        let written = [
            WrittenRun(["columns": "1"], error: 0.1), WrittenRun([:], error: 0.03),
            WrittenRun(["learned": "0.13", "seed": "2"], error: 0.02),
            WrittenRun(["alpha": "shared"], error: 0.1),
            WrittenRun(["dictionary": "randcon,randcon", "sigma": ""], error: 0.04),
            WrittenRun(["sigma": "2.0", "columns": "5"], error: 0.03),
            WrittenRun.dense(["learning-rate": "0.5"], error: 0.02, learned: 648_010, full: 642_000),
        ]
        let comparison = try compare(written)
        #expect(
            comparison.series.map(\.name) == [
                "dense", "randcon", "se,emp", "se,emp, 1 column", "se,emp, 5 columns, σ 2", "se,emp, α shared",
            ])
        #expect(
            comparison.series[2].groups.map { comparison.series[2].label(of: $0) } == [
                "se,emp, learned 0.025", "se,emp, learned 0.13",
            ])
        #expect(
            comparison.series[0].label(of: comparison.series[0].groups[0]) == "dense", "it has the widths of all others"
        )
        #expect(comparison.common == ["15 epochs", "widths 500,500"])
        #expect(comparison.usual == ["α distinct", "10 columns", "rate 0.5", "σ 1"])
    }

    /// What most runs lack is named where it is, and what most have is named where it is missing; a tie goes to those
    /// that lack it.
    @Test func namesWhereASettingIsMissing() throws {
        let pca = WrittenRun(["dictionary": "pca"], error: 0.1), raw = WrittenRun(["ridge": "raw"], error: 0.1)
        let tie = try compare([raw, WrittenRun([:], error: 0.1), pca])
        #expect(tie.series.map(\.name) == ["pca", "se,emp", "se,emp, ridge raw"])
        #expect(!tie.usual.contains("ridge raw"))
        let second = WrittenRun(["ridge": "raw", "learned": "0.5"], error: 0.1)
        let most = try compare([raw, second, WrittenRun([:], error: 0.1), pca])
        #expect(most.series.map(\.name) == ["pca", "se,emp", "se,emp, no ridge"])
        #expect(most.usual.contains("ridge raw"))
    }

    @Test func stagesAreNamed() throws {
        let plain = (1...3).map { WrittenRun(["seed": "\($0)"], error: 0.1) }
        let stages = ["grow": "from 0.025", "alternate": "2", "unfreeze-after": "4"].map {
            WrittenRun([$0: $1], error: 0.1)
        }
        let comparison = try compare(plain + stages)
        #expect(
            comparison.series.map(\.name) == [
                "se,emp", "se,emp, alternate 2", "se,emp, grow from 0.025", "se,emp, unfreeze-after 4",
            ])
        #expect(comparison.usual.isEmpty)
    }

    @Test func pointsOfACurveGoByProportion() throws {
        let written = [("0.5", 0.5), ("0.1", 0.1), ("0.25", 0.25)].map { text, proportion in
            var run = WrittenRun(["learned": text], error: 0.1)
            run.proportion = proportion
            return run
        }
        let series = try compare(written).series
        #expect(series.count == 1)
        #expect(series[0].groups.map(\.first.result.proportion) == [0.1, 0.25, 0.5])
    }

    @Test func denseNetsOfAllSizesAreOneCurveAndThoseOfFullSizeALine() throws {
        let dense = [(500, 642_000), (60, 50_640), (120, 108_480)].map { width, full in
            WrittenRun.dense(["widths": "\(width),\(width)"], error: 0.02, learned: full + 1000, full: full)
        }
        let comparison = try compare(dense + [WrittenRun([:], error: 0.02)])
        let series = try #require(comparison.series.first)
        #expect(series.isDense && series.groups.map(\.first.result.learnedParameters) == [51_640, 109_480, 643_000])
        #expect(comparison.denseOfFullSize.map { $0.series.label(of: $0.group) } == ["dense, widths 500,500"])
        #expect(try compare(dense).denseOfFullSize.isEmpty, "nothing is predicted that they could be compared with")
        #expect(comparison.usual.contains("widths 500,500"), "the predicted net has these")
    }

    @Test func aSelectionTakesTheBestOfEachSeries() throws {
        let written = (1...4).flatMap { columns in
            [0.1, 0.2].map {
                WrittenRun(["columns": "\(columns)", "learned": "\($0)"], error: Double(columns) * $0 / 10)
            }
        }
        let comparison = try compare(written)
        #expect(comparison.selection(atMost: 8).count == 8)
        let chosen = comparison.selection(atMost: 3)
        #expect(chosen.map { $0.group.settings["columns"] } == ["1", "2", "3"])
        #expect(chosen.allSatisfy { $0.group.settings["learned"] == "0.1" })
    }

    /// The earlier series stay where errors are equal, and none of them takes the place of a lower one or of the dense
    /// net.
    @Test func aSelectionKeepsTheBestAndTheDense() throws {
        let written = [("1", 0.2), ("2", 0.2), ("3", 0.2), ("4", 0.1)].map { WrittenRun(["columns": $0], error: $1) }
        let comparison = try compare(written)
        #expect(comparison.selection(atMost: 2).map { $0.group.settings["columns"] } == ["1", "4"])
        let dense = ["0.1", "0.2"].map {
            WrittenRun.dense(["learning-rate": $0], error: Double($0)! + 0.3, learned: 648_010, full: 642_000)
        }
        let chosen = try compare(dense + written).selection(atMost: 2)
        #expect(chosen.map { $0.group.settings["learning-rate"] ?? $0.group.settings["columns"] } == ["0.1", "4"])
    }
}
