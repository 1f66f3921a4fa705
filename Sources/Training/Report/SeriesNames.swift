/// How series are told apart: by the dictionary, and by each setting in which one differs from the usual value, that of most runs.
struct SeriesNames {
    /// The settings that differ between series, the dictionary aside, with their usual values.
    let usual: [(setting: String, value: String)]
    private let all: [[String: String]]

    /// - Parameter series: the settings of each series, and its number of runs.
    init(_ series: [(settings: [String: String], runs: Int)]) {
        all = series.map(\.settings)
        let names = Set(all.flatMap(\.keys)).subtracting(["dictionary", "dense"]).sorted()
        usual = names.compactMap { name in
            guard Set(series.map { $0.settings[name] }).count > 1 else { return nil }
            var runs: [String: Int] = [:]
            for one in series { if let value = one.settings[name] { runs[value, default: 0] += one.runs } }
            let most = runs.values.max()!
            return (name, runs.filter { $0.value == most }.keys.sorted(by: inNaturalOrder)[0])
        }
    }

    private func head(_ settings: [String: String]) -> String {
        settings["dense"] == "true" ? "dense" : settings["dictionary"] ?? "predicted"
    }

    /// Different for different settings. A setting that a series lacks is named only where another with its dictionary has it: no net of
    /// random connections has a σ.
    func name(_ settings: [String: String]) -> String {
        let head = head(settings)
        let parts = usual.compactMap { name, usual -> String? in
            guard let value = settings[name] else {
                return all.contains { self.head($0) == head && $0[name] != nil } ? "no \(name)" : nil
            }
            return value == usual ? nil : shortText(name, value)
        }
        return ([head] + parts).joined(separator: ", ")
    }
}
