/// Finished runs of one job on one data set, side by side.
public struct Comparison: Sendable {
    public let runs: [FinishedRun]
    /// Dense nets first, then by name.
    public let series: [Series]
    /// Runs that say nothing new, since another has all their settings and their seed.
    public let repeated: [FinishedRun]
    /// Settings of all series, in few words each, apart from the data set.
    public let common: [String]
    /// What is not named in a series has these values, where it applies.
    public let usual: [String]

    /// - Parameter runs: at least one.
    public init(_ runs: [FinishedRun]) {
        self.runs = runs
        let (groups, repeated) = RunGroup.groups(of: runs)
        self.repeated = repeated
        let members = Dictionary(grouping: groups) { Series.settings(of: $0) }
        let names = SeriesNames(members.map { settings, groups in (settings, groups.reduce(0) { $0 + $1.runs.count }) })
        series = members.map { settings, groups in
            Series(
                name: names.name(settings), isDense: groups[0].isDense,
                groups: groups.sorted {
                    let (a, b) = ($0.first.result, $1.first.result)
                    return (a.proportion, a.learnedParameters) < (b.proportion, b.learnedParameters)
                })
        }.sorted { $0.isDense != $1.isDense ? $0.isDense : inNaturalOrder($0.name, $1.name) }
        let hidden = Set(["dataset", "dictionary", "dense"]).union(names.usual.map(\.setting))
        let one = members.keys.first!
        common = one.keys.sorted().filter { !hidden.contains($0) }.map { shortText($0, one[$0]!) }
        usual = names.usual.map { shortText($0, $1) }
    }

    /// Groups of all series, in their order.
    public var groups: [RunGroup] { series.flatMap(\.groups) }

    /// The settings in which groups differ, by name; not `dense`, which the name of a series says.
    public var differing: [String] { Self.differing(groups.map(\.settings)).filter { $0 != "dense" } }

    /// The settings in which runs differ, by name; the seed may be among them.
    public var differingOfRuns: [String] { Self.differing(runs.map(\.record.settings)) }

    private static func differing(_ settings: [[String: String]]) -> [String] {
        Set(settings.flatMap(\.keys)).filter { name in settings.contains { $0[name] != settings[0][name] } }.sorted()
    }

    /// The dense nets of the size of a predicted one: what Figure 4 draws as a line at all proportions. Those of other sizes, or of inputs
    /// made smaller, are baselines of another budget.
    public var denseOfFullSize: [(series: Series, group: RunGroup)] {
        let full = Set(series.filter { !$0.isDense }.flatMap(\.groups).map(\.first.result.fullParameters))
        return series.filter(\.isDense).flatMap { series in
            series.groups.filter { full.contains($0.first.result.fullParameters) }.map { (series, $0) }
        }
    }

    /// At most `count` groups that stand for all: all of them, or of each series the one with the lowest error, the lowest first where
    /// series are more than that; in the order of `series`.
    public func selection(atMost count: Int) -> [(series: Series, group: RunGroup)] {
        let all = series.flatMap { series in series.groups.map { (series, $0) } }
        guard all.count > count else { return all }
        let best = series.map { series in (series, series.groups.min { $0.meanError < $1.meanError }!) }
        let bound = best.map(\.1.meanError).sorted().prefix(count).last!
        return Array(best.filter { $0.1.meanError <= bound }.prefix(count))
    }
}
