/// How series are told apart: by the dictionary, and by each setting in which one differs from the usual value, that of
/// most runs.
struct SeriesNames {
    /// The settings that differ between series, the dictionary aside, with their usual values; nil: most go without.
    let usual: [(setting: String, value: String?)]
    private let all: [[String: String]]

    /// - Parameter series: the settings of each series, and its number of runs.
    init(_ series: [(settings: [String: String], runs: Int)]) {
        all = series.map(\.settings)
        let names = Set(all.flatMap(\.keys)).subtracting(["dictionary", "dense"]).sorted()
        usual = names.compactMap { name in
            guard Set(series.map { $0.settings[name] }).count > 1 else { return nil }
            // To lack a setting is a value too, but only beside series of the same dictionary that have it: no net of
            // random connections has a σ.
            let heads = Set(series.filter { $0.settings[name] != nil }.map { Self.head($0.settings) })
            var runs: [String?: Int] = [:]
            for one in series where heads.contains(Self.head(one.settings)) {
                runs[one.settings[name], default: 0] += one.runs
            }
            let most = runs.values.max()!
            let values = runs.filter { $0.value == most }.map(\.key)
            return (name, values.contains(nil) ? nil : values.compactMap { $0 }.sorted(by: inNaturalOrder)[0])
        }
    }

    /// The dictionary, once where it is that of all layers.
    private static func head(_ settings: [String: String]) -> String {
        if settings["dense"] == "true" { return "dense" }
        let dictionary = settings["dictionary"] ?? "predicted", layers = Set(dictionary.split(separator: ","))
        return layers.count == 1 ? String(layers.first!) : dictionary
    }

    /// Different for different settings.
    func name(_ settings: [String: String]) -> String {
        let head = Self.head(settings)
        let parts = usual.compactMap { name, usual -> String? in
            guard let value = settings[name] else {
                return usual != nil && all.contains { Self.head($0) == head && $0[name] != nil } ? "no \(name)" : nil
            }
            return value == usual ? nil : shortText(name, value)
        }
        return ([head] + parts).joined(separator: ", ")
    }
}
