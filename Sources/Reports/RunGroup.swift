import Runs

/// Runs with all settings equal but the seed: a point of a curve.
public struct RunGroup: Sendable {
    /// Without the seed, and with the layers of a convolutional net apart (`withLayersApart`).
    public let settings: [String: String]
    /// One a seed, by seed.
    public let runs: [FinishedRun]

    /// Whether nothing is predicted.
    public var isDense: Bool { settings["dense"] == "true" }
    /// The run of the smallest seed, which stands for the group where one is shown.
    public var first: FinishedRun { runs[0] }
    /// Over seeds, of the part of test images predicted wrong.
    public var meanError: Double { Statistics.mean(runs.map(\.error)) }
    /// Half the 90 % interval of the mean error over seeds; nil for one seed.
    public var halfInterval: Double? { Statistics.halfInterval90(runs.map(\.error)) }
    /// The numbers of ranks that runs had, each once.
    public var ranks: [Int] { Set(runs.map(\.record.ranks)).sorted() }
    /// The median over seeds; nil where no step was made, or runs had different numbers of ranks.
    public var secondsPerStep: Double? {
        ranks.count == 1 ? Statistics.median(runs.compactMap(\.result.secondsPerStep)) : nil
    }
    /// The mean of `RunResult.coverage` over seeds, for every predicted layer; nil where a run does not say it.
    public var coverage: [Double]? {
        let all = runs.compactMap(\.result.coverage)
        guard all.count == runs.count, all.allSatisfy({ $0.count == all[0].count }) else { return nil }
        return all[0].indices.map { layer in Statistics.mean(all.map { $0[layer] }) }
    }

    /// Groups runs in the order in which their settings first come. Among runs that are equal in the seed too, such as
    /// one on two ranks and on four, only the first counts: they say nothing about the spread over seeds.
    ///
    /// - Returns: the groups, and the runs that are in none.
    public static func groups(of runs: [FinishedRun]) -> (groups: [RunGroup], repeated: [FinishedRun]) {
        var order: [[String: String]] = [], members: [[String: String]: [FinishedRun]] = [:],
            repeated: [FinishedRun] = []
        for run in runs {
            let settings = withLayersApart(run.record.settings.filter { $0.key != "seed" })
            if members[settings] == nil { order.append(settings) }
            if members[settings, default: []].contains(where: { $0.seed == run.seed }) {
                repeated.append(run)
            } else {
                members[settings, default: []].append(run)
            }
        }
        let groups = order.map { settings in
            RunGroup(settings: settings, runs: members[settings]!.sorted { inNaturalOrder($0.seed, $1.seed) })
        }
        return (groups, repeated)
    }
}
