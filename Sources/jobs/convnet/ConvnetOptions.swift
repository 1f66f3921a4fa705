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
            """ + "\n\n" + TrainingArguments.aboutRuns,
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
        do { _ = try specs } catch { throw ValidationError("--layers: \(error)") }
        let kinds = kinds
        if kinds.isEmpty, common.learned != nil || common.columns != nil || common.alpha != nil
            || common.dictionary != nil
        {
            throw ValidationError(
                "--learned, --columns, --alpha and --dictionary have no meaning where --layers has dense layers only")
        }
        try common.checkKernel(kinds)
        if common.compute == .pooled || common.compute == .reduced {
            throw ValidationError(
                "--compute: expected auto or expanded, which all layers have, found \(common.compute.rawValue)")
        }
    }

    /// The layers of the text.
    private var specs: [LayerSpec] {
        get throws(LayerSpecError) { try LayerText.layers(layers, standard: standard, isDense: common.dense) }
    }

    /// What a layer is predicted by, but for what the text says of it.
    private var standard: WeightSpec {
        WeightSpec(
            dictionary: common.dictionaries?.first.flatMap(\.self) ?? .se, kernel: common.kernel,
            proportion: common.learned?.value ?? 0.25, columns: common.columns ?? 1,
            sampling: common.alpha ?? .distinct)
    }

    /// The dictionaries of its predicted layers.
    private var kinds: [DictionaryKind] { ((try? specs) ?? []).compactMap { $0.weights?.spec?.dictionary } }

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
        let kinds = kinds, standard = standard
        var all = ["layers": LayerText.normalised(layers)]
        all.merge(training.described(common, Self.defaults)) { $1 }
        guard !kinds.isEmpty else {
            all["dense"] = "true"
            return all
        }
        all.merge(
            [
                "learned": "\(standard.proportion)", "columns": "\(standard.columns)",
                "alpha": standard.sampling.rawValue, "dictionary": standard.dictionary.name,
            ]) { $1 }
        all.merge(common.describedKernel(kinds)) { $1 }
        return all
    }
}
