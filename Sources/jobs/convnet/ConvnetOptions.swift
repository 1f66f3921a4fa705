import ArgumentParser
import DataParallel
import JobSupport
import Layers
import LinearAlgebra
import Networks
import Runs

/// The command line of the job `convnet`.
struct ConvnetOptions: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convnet",
        abstract:
            "Train a convolutional network whose filters and fully connected layers are predicted, by data-parallel "
            + "stochastic gradient descent.",
        discussion: """
            Layers are written between semicolons: conv MAPS SIZE [stride N] [pad N], full UNITS, pool SIZE [stride N],
            relu, tanh, sigmoid, dropout RATE. Behind conv and full may stand dense, or dictionary NAME, learned P and
            columns J, for that layer alone. The softmax layer of the classes comes last by itself. Commas may stand for
            blanks: conv,48,8,pad,4;relu.

            Runs under mpirun, srun or by hand. A run leaves run.json, metrics.csv, model.safetensors, filters.png,
            predictions.csv and result.json in its run directory. The test images are read once, after the last epoch.
            A run that was killed or stopped goes on when the same command is started again.
            Exit codes: 0 done, 1 failed, 64 wrong options or launch, 65 bad or missing data, 75 stopped:
            start me again.
            """,
        version: RunRecord.colonnade)

    @OptionGroup var common: CommonOptions
    @Option(help: ArgumentHelp("The layers, from the images on.", valueName: "text"))
    var layers =
        "conv 48 8 pad 4; pool 4 stride 2; relu; conv 64 8 pad 3; pool 4 stride 2; relu; conv 64 5 pad 3; pool 2; "
        + "relu; full 500 columns 5; relu; dropout 0.5"
    @OptionGroup var training: TrainingArguments
    @OptionGroup var exchange: ExchangeArguments

    func validate() throws {
        try check(common.dictionaries?.count, "--dictionary", "one name") { $0 == 1 }
        guard common.dictionaries?.first != .some(nil) || common.dictionary == nil else {
            let names = DictionaryKind.all.map(\.name).joined(separator: ", ")
            throw ValidationError("--dictionary: expected one of \(names), found '\(common.dictionary!)'")
        }
        try training.checkSearch(common)
        try exchange.checkOrder(common.reduction)
        let layers: [LayerSpec]
        do { layers = try specs } catch { throw ValidationError("--layers: \(error)") }
        let kinds = layers.compactMap { $0.weights?.spec?.dictionary }
        if common.sigma != nil && !kinds.contains(.se) {
            throw ValidationError("--sigma has no meaning without the dictionary se")
        }
        if common.ridge != nil || common.raw, !kinds.contains(where: { $0.traits.contains(.kernel) }) {
            throw ValidationError("--ridge and --raw have no meaning without one of the dictionaries se, emp and emp2")
        }
        if common.compute == .pooled || common.compute == .reduced {
            throw ValidationError(
                "--compute: expected auto or expanded, which all layers have, found \(common.compute.rawValue)")
        }
    }

    /// The layers of the text.
    private var specs: [LayerSpec] {
        get throws(LayerSpecError) {
            let standard = WeightSpec(
                dictionary: common.dictionaries?.first.flatMap(\.self) ?? .se,
                kernel: KernelSpec(
                    sigma: common.sigma.map(\.pixels) ?? 1, form: common.raw ? .raw : common.ridge.map { .ridge($0) }),
                proportion: common.learned?.value ?? 0.25, columns: common.columns ?? 1,
                sampling: common.alpha ?? .distinct)
            return try LayerText.layers(layers, standard: standard, isDense: common.dense)
        }
    }

    /// The settings of the command line, with the documented defaults, for a data set.
    ///
    /// - Throws: `LayerSpecError`.
    func settings(input: TensorShape, classes: Int) throws -> NetworkSettings {
        training.settings(
            common, Self.defaults, network: NetworkSpec(input: input, layers: try specs, classes: classes))
    }

    static let defaults = TrainingArguments.Defaults(
        start: .variance, learningRate: 0.03, searched: [0.01, 0.02, 0.05, 0.1, 0.2], maxNorm: 0)

    /// What the result depends on, by option name. What `--validate` chooses is not known yet.
    var described: [String: String] {
        var all = [
            "layers": layers.split(separator: ";").map { layer in
                layer.split { $0.isWhitespace || $0 == "," }.joined(separator: " ")
            }.joined(separator: "; "),
        ]
        all.merge(training.described(common, Self.defaults)) { $1 }
        guard !common.dense else {
            all["dense"] = "true"
            return all
        }
        all.merge(
            [
                "learned": "\(common.learned?.value ?? 0.25)", "columns": "\(common.columns ?? 1)",
                "alpha": (common.alpha ?? .distinct).rawValue, "dictionary": common.dictionary ?? "se",
                "sigma": common.sigma.map { sigma in sigma.pixels.map { "\($0)" } ?? "auto" } ?? "1.0",
                "ridge": common.raw ? "raw" : common.ridge.map { "\($0)" } ?? "by dictionary",
            ]) { $1 }
        return all
    }
}
