/// Finished runs of one job on one data set, side by side.
public struct Comparison: Sendable {
    /// In the order in which they were given, those that repeat others among them.
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
        // A down-sized dense net has other sizes; where all are of one, these are settings like others.
        let sizes = Self.differing(groups.filter(\.isDense).map(\.settings)).filter {
            ["widths", "features", "maps"].contains($0)
        }
        func budget(_ group: RunGroup) -> [String] { group.isDense ? sizes : ["learned"] }
        let members = Dictionary(grouping: groups) { group in group.settings.filter { !budget(group).contains($0.key) }
        }
        let names = SeriesNames(members.map { settings, groups in (settings, groups.reduce(0) { $0 + $1.runs.count }) })
        series = members.map { settings, groups in
            Series(
                name: names.name(settings), isDense: groups[0].isDense,
                groups: groups.sorted {
                    let (a, b) = ($0.first.result, $1.first.result)
                    return (a.proportion, a.learnedParameters) < (b.proportion, b.learnedParameters)
                }, budget: budget(groups[0]))
        }.sorted { $0.isDense != $1.isDense ? $0.isDense : inNaturalOrder($0.name, $1.name) }
        let hidden = Set(["dataset", "dictionary", "dense"]).union(names.usual.map(\.setting))
        let one = members.keys.first!
        common = one.keys.sorted().filter { !hidden.contains($0) }.map { shortText($0, one[$0]!) }
        usual = names.usual.compactMap { setting, value in value.map { shortText(setting, $0) } }
    }

    /// Groups of all series, in their order.
    public var groups: [RunGroup] { series.flatMap(\.groups) }

    /// The settings in which groups differ, by name; not those that the name of a series always says.
    public var differing: [String] {
        Self.differing(groups.map(\.settings)).filter { !["dense", "dictionary"].contains($0) }
    }

    /// The settings in which runs differ, by name; the seed may be among them.
    public var differingOfRuns: [String] { Self.differing(runs.map(\.record.settings)) }

    private static func differing(_ settings: [[String: String]]) -> [String] {
        Set(settings.flatMap(\.keys)).filter { name in settings.contains { $0[name] != settings[0][name] } }.sorted()
    }

    /// The dense nets of the size of a predicted one: what Figure 4 draws as a line at all proportions. Those of other
    /// sizes, or of inputs made smaller, are baselines of another budget.
    public var denseOfFullSize: [(series: Series, group: RunGroup)] {
        let full = Set(series.filter { !$0.isDense }.flatMap(\.groups).map(\.first.result.fullParameters))
        return series.filter(\.isDense).flatMap { series in
            series.groups.filter { full.contains($0.first.result.fullParameters) }.map { (series, $0) }
        }
    }

    /// At most `count` groups that stand for all: all of them, or of each series the one with the lowest error; where
    /// series are more than that, the best dense one and the lowest others. In the order of `series`.
    public func selection(atMost count: Int) -> [(series: Series, group: RunGroup)] {
        let all = series.flatMap { series in series.groups.map { (series, $0) } }
        guard all.count > count else { return all }
        let best = series.map { series in (series, series.groups.min { $0.meanError < $1.meanError }!) }
        var order = best.indices.sorted { (best[$0].1.meanError, $0) < (best[$1].1.meanError, $1) }
        if let dense = order.firstIndex(where: { best[$0].0.isDense }) { order.insert(order.remove(at: dense), at: 0) }
        return order.prefix(count).sorted().map { best[$0] }
    }
}
