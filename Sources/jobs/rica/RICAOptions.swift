import ArgumentParser
import JobSupport
import Layers
import RICA
import Runs

extension RICANorm: ExpressibleByArgument {}
extension DictionarySource: ExpressibleByArgument {}
extension Encoder: ExpressibleByArgument {}
extension RICAExperiment.Phase: ExpressibleByArgument {}

/// The command line of the job `rica`.
struct RICAOptions: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rica",
        abstract: "Learn features of image patches with predicted weights (RICA), encode images with them, classify.",
        discussion: CommonOptions.aboutRuns,
        version: RunRecord.colonnade)

    @OptionGroup var common: CommonOptions
    @Option(help: ArgumentHelp("Side of a patch in pixels. (default: 6; stl10: 10)", valueName: "s"))
    var patch: Int?
    @Option(help: ArgumentHelp("Patches that features are learned on. (default: 20000)", valueName: "m"))
    var patches: Int?
    @Option(help: ArgumentHelp("Features, the units of the layer. (default: 400)", valueName: "k"))
    var features: Int?
    @Option(help: ArgumentHelp("λ, the weight of sparsity. (default: 0.05)", valueName: "l"))
    var lambda: Double?
    @Option(
        help: ArgumentHelp(
            "What rows of W are normalised by: their length (the paper) or their output's deviation. "
                + "(default: variance)", valueName: "unit|variance"))
    var norm: RICANorm?
    @Option(
        help: ArgumentHelp(
            "Patches that the dictionaries emp, emp2, pca and kmeans are made from: whitened, as they are learned "
                + "on, or normalised in contrast alone. (default: whitened)", valueName: "whitened|normalised"))
    var dictionaryFrom: DictionarySource?
    @Option(help: ArgumentHelp("L-BFGS iterations; 0 leaves the random start. (default: 50)", valueName: "n"))
    var iterations: Int?
    @Option(
        help: ArgumentHelp(
            "What becomes of a response before it is summed: abs, smooth, rectified. (default: abs)", valueName: "name")
    )
    var encoder: Encoder?
    @Option(
        help: ArgumentHelp(
            "Model for the phases encode and classify. (default: model.safetensors of the run directory)",
            valueName: "file"))
    var model: String?
    @Option(help: ArgumentHelp("Phase to run: learn, encode, classify, or all of them.", valueName: "phase"))
    var phase = RICAExperiment.Phase.all

    func validate() throws {
        let names = RICASettings.dictionaries.map(\.name)
        try check(common.dictionary, "--dictionary", "one of \(names.joined(separator: ", "))") { names.contains($0) }
        // A model that is used says which dictionary it has.
        if !phase.usesModel || common.dictionary != nil {
            try checkKernel()
        }
        var settings = settings
        // How many features there are is then for the model to say.
        if phase.usesModel, features == nil { settings.columns = min(settings.columns, settings.features) }
        do { try settings.check() } catch { throw ValidationError("--\(error)") }
        try checkName(model, "--model", "a file")
        if model != nil, !phase.usesModel {
            throw ValidationError(
                "--model: the phase \(phase.rawValue) makes a model; give --phase encode or --phase classify to use one"
            )
        }
        if common.initial != nil, phase.usesModel {
            throw ValidationError("--init gives learning its start, so it goes with --phase learn or all")
        }
        if common.exportExpanded != nil, phase.usesModel {
            throw ValidationError("--export-expanded writes what was learned, so it goes with --phase learn or all")
        }
        if common.searches, phase.usesModel {
            throw ValidationError("--validate chooses how features are learned, so it goes with --phase learn or all")
        }
    }

    /// What predicts the layer; nil: nothing, it is dense.
    private var kind: DictionaryKind? { common.dense ? nil : common.dictionaries?[0] ?? .se }

    /// Refuses options that the dictionary does not use.
    private func checkKernel() throws {
        try common.checkKernel([kind].compactMap(\.self))
        if dictionaryFrom != nil, kind?.need == nil {
            let made = RICASettings.dictionaries.filter { $0.need != nil }.map(\.name).joined(separator: ", ")
            throw ValidationError(
                "--dictionary-from: expected a --dictionary that is made from patches, \(made), found "
                    + "\(kind?.name ?? "none")"
            )
        }
    }

    static let defaultFeatures = 400
    /// C of the classifier on the mean loss; `--validate` tries others.
    static let defaultCost = 100.0

    /// The settings of the command line, with the documented defaults.
    var settings: RICASettings {
        let ridge = kind == .emp || kind == .emp2 ? Covariance.defaultRidge : SquaredExponential.defaultRidge
        return RICASettings(
            dataset: common.dataset, seed: common.seed ?? 1, learned: common.dense ? nil : common.learned?.value ?? 0.5,
            columns: common.dense ? 1 : common.columns ?? min(4, features ?? RICAOptions.defaultFeatures),
            alpha: common.alpha ?? .distinct, dictionary: kind == .se ? nil : kind, dictionarySource: dictionaryFrom,
            sigma: common.sigma.map(\.pixels) ?? 1, ridge: (common.chosenBasis ?? .ridge) == .ridge
                ? common.ridge ?? ridge : nil,
            isOrthonormal: common.chosenBasis == .orthonormal ? true : nil,
            patch: patch ?? (common.dataset == "stl10" ? 10 : 6), patches: patches ?? 20_000,
            features: features ?? RICAOptions.defaultFeatures, lambda: lambda ?? 0.05, norm: norm ?? .variance,
            iterations: iterations ?? 50, encoder: encoder ?? .abs, cost: RICAOptions.defaultCost)
    }

    /// The settings of a stored model, for the phases that use one. A given option that says otherwise is refused.
    func settings(of stored: RICASettings) throws -> RICASettings {
        var wanted = stored
        wanted.dataset = common.dataset
        wanted.encoder = encoder ?? stored.encoder
        let given = settings
        func same<Value: Equatable>(
            _ option: Any?, _ name: String, _ path: KeyPath<RICASettings, Value>, absent: String = "none"
        ) throws {
            guard option != nil, given[keyPath: path] != stored[keyPath: path] else { return }
            func text(_ value: Value) -> String {
                guard let optional = value as? Double? else { return "\(value)" }
                return optional.map { "\($0)" } ?? absent
            }
            throw OptionError(
                "\(name): the model was learned with \(text(stored[keyPath: path])), found "
                    + "\(text(given[keyPath: path]))"
            )
        }
        try same(common.seed, "--seed", \.seed)
        try same(common.learned, "--learned", \.learned)
        try same(common.dense ? true : nil, "--dense", \.learned)
        try same(common.columns, "--columns", \.columns)
        try same(common.alpha, "--alpha", \.alpha)
        if common.dictionary != nil {
            let wanted = given.dictionary ?? .se, learned = stored.prediction?.dictionary
            if wanted != learned {
                throw OptionError(
                    "--dictionary: the model was learned with \(learned?.name ?? "none"), found \(wanted.name)")
            }
        }
        if let dictionaryFrom, dictionaryFrom != stored.madeFrom {
            throw OptionError(
                "--dictionary-from: the model was learned with \(stored.madeFrom?.rawValue ?? "none"), found "
                    + dictionaryFrom.rawValue)
        }
        try same(common.sigma, "--sigma", \.sigma, absent: "auto")
        try same(common.ridge, "--ridge", \.ridge)
        func basis(_ settings: RICASettings) -> Basis {
            settings.isOrthonormal == true ? .orthonormal : settings.ridge == nil ? .raw : .ridge
        }
        if let chosen = common.chosenBasis, chosen != basis(stored) {
            throw OptionError(
                "\(common.raw ? "--raw" : "--basis"): the model was learned with \(basis(stored).rawValue), found "
                    + chosen.rawValue)
        }
        try same(patch, "--patch", \.patch)
        try same(patches, "--patches", \.patches)
        try same(features, "--features", \.features)
        try same(lambda, "--lambda", \.lambda)
        try same(norm, "--norm", \.norm)
        try same(iterations, "--iterations", \.iterations)
        return wanted
    }

    /// What `--validate` searches: the listed values of what was not given.
    var search: ValidationGrid? {
        guard common.searches else { return nil }
        var grid = ValidationGrid()
        if let lambda { grid.lambdas = [lambda] }
        if let iterations { grid.iterations = [iterations] }
        if let encoder { grid.encoders = [encoder] }
        return grid
    }
}
