import Foundation
import TestSupport
import Testing
import Training

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
        // s = .02, t₂ = 2.920
        #expect(abs(try #require(group.halfInterval) - 2.920 * 0.02 / 3.squareRoot()) < 1e-12)
        #expect(group.secondsPerStep == 1.5)
        #expect(comparison.differing.isEmpty && comparison.differingOfRuns == ["seed"])
    }

    @Test func aSeedCountsOnce() throws {
        var onFour = WrittenRun(["seed": "1"], error: 0.5)
        onFour.ranks = 4
        let comparison = try compare([WrittenRun(["seed": "1"], error: 0.02), onFour, WrittenRun(["seed": "2"], error: 0.04)])
        #expect(comparison.groups.map(\.runs.count) == [2])
        #expect(comparison.groups[0].runs.map(\.error) == [0.02, 0.04])
        #expect(comparison.repeated.map(\.record.ranks) == [4])
        #expect(comparison.runs.count == 3)
    }

    @Test func seriesAreNamedByWhatIsUnusual() throws {
        let written = [
            WrittenRun(["columns": "1"], error: 0.1), WrittenRun([:], error: 0.03), WrittenRun(["learned": "0.13", "seed": "2"], error: 0.02),
            WrittenRun(["alpha": "shared"], error: 0.1), WrittenRun(["dictionary": "randcon,randcon", "sigma": ""], error: 0.04),
            WrittenRun(["sigma": "2.0", "columns": "5"], error: 0.03),
            WrittenRun.dense(["learning-rate": "0.5"], error: 0.02, learned: 648_010, full: 642_000),
        ]
        let comparison = try compare(written)
        #expect(
            comparison.series.map(\.name) == [
                "dense", "randcon,randcon", "se,emp", "se,emp, 1 column", "se,emp, 5 columns, σ 2", "se,emp, α shared",
            ])
        #expect(comparison.series[2].groups.map { comparison.series[2].label(of: $0) } == ["se,emp, learned 0.025", "se,emp, learned 0.13"])
        #expect(comparison.common == ["15 epochs"])
        #expect(comparison.usual == ["α distinct", "10 columns", "rate 0.5", "σ 1", "widths 500,500"])
    }

    /// Runs of an earlier version lack a setting that others of the same dictionary have.
    @Test func namesDifferWhereASettingIsMissing() throws {
        let written = [WrittenRun(["ridge": "raw"], error: 0.1), WrittenRun([:], error: 0.1), WrittenRun(["dictionary": "pca"], error: 0.1)]
        #expect(try compare(written).series.map(\.name) == ["pca", "se,emp", "se,emp, no ridge"])
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
    }

    @Test func aSelectionTakesTheBestOfEachSeries() throws {
        let written = (1...4).flatMap { columns in
            [0.1, 0.2].map { WrittenRun(["columns": "\(columns)", "learned": "\($0)"], error: Double(columns) * $0 / 10) }
        }
        let comparison = try compare(written)
        #expect(comparison.selection(atMost: 8).count == 8)
        let chosen = comparison.selection(atMost: 3)
        #expect(chosen.map { $0.group.settings["columns"] } == ["1", "2", "3"] && chosen.allSatisfy { $0.group.settings["learned"] == "0.1" })
    }
}
