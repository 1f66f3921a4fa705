import ArgumentParser
import DataParallel
import JobSupport
import Layers
import LinearAlgebra
import Networks
import Runs

extension AlphaChannels: ExpressibleByArgument {}

/// The command line of the job `convnet`.
struct ConvnetOptions: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convnet",
        abstract:
            "Train a convolutional network whose filters and fully connected layers are predicted, by data-parallel "
            + "stochastic gradient descent.",
        discussion: """
            Layers are written between semicolons: conv MAPS SIZE [stride N] [pad N], full UNITS, pool SIZE \
            [stride N], relu, tanh, sigmoid, dropout RATE. Behind conv and full may stand dense, or dictionary NAME, \
            learned P, columns J and channels tied, untied or across, for that layer alone. The softmax layer of the \
            classes comes last by itself. Commas may stand for blanks: conv,48,8,pad,4;relu.
            """ + "\n\n" + TrainingArguments.aboutRuns,
        version: RunRecord.colonnade)

    @OptionGroup var common: CommonOptions
    @Option(help: ArgumentHelp("The layers, from the images on.", valueName: "text"))
    var layers = LayerText.figure5
    @Option(
        help: ArgumentHelp(
            "Whether predicted filters end at their window (the paper's), or go on ⌈6σ⌉ pixels beyond it, where "
                + "few taps on blurred inputs make a step cheaper than a dense one; open needs the dictionary se.",
            valueName: "cut|open"))
    var window = FilterWindow.cut
    @Option(
        help: ArgumentHelp(
            "Whether the channels of a layer's inputs share α (the paper), each has its own, or α are sampled of one "
                + "dictionary of all channels: emp, emp2, kmeans, pca, randcon, randfixu or lowrank. (default: tied)",
            valueName: "tied|untied|across"))
    var alphaChannels: AlphaChannels?
    @Flag(help: "Mirror half of the training images, drawn anew each time that one is seen.")
    var flip = false
    @Option(
        help: ArgumentHelp(
            "Shift training images by up to so many pixels, up or down, left or right, drawn anew each time that one "
                + "is seen; zeros come in.", valueName: "pixels"))
    var shift = 0
    @OptionGroup var training: TrainingArguments
    @OptionGroup var exchange: ExchangeArguments

    func validate() throws {
        try check(shift, "--shift", "0 to 1000 pixels") { 0...1000 ~= $0 }
        try check(common.dictionaries?.count, "--dictionary", "one name") { $0 == 1 }
        guard common.dictionaries?.first != .some(nil) || common.dictionary == nil else {
            let names = DictionaryKind.all.map(\.name).joined(separator: ", ")
            throw ValidationError("--dictionary: expected one of \(names), found '\(common.dictionary!)'")
        }
        try training.checkSearch(common)
        try training.checkStart(common)
        try exchange.checkOrder(common.reduction)
        do { _ = try specs } catch { throw ValidationError("--layers: \(error)") }
        let kinds = kinds
        if kinds.isEmpty, common.learned != nil || common.columns != nil || common.alpha != nil
            || common.dictionary != nil || alphaChannels != nil
        {
            throw ValidationError(
                "--learned, --columns, --alpha, --alpha-channels and --dictionary have no meaning where --layers has "
                    + "dense layers only")
        }
        try common.checkKernel(kinds)
        try checkWindow()
    }

    /// Refuses windows that no filter has, and a path that no convolution can be computed on.
    private func checkWindow() throws {
        let filters = try specs.compactMap { layer -> WeightSpec? in
            if case .convolution(_, _, _, _, let weights?) = layer { weights } else { nil }
        }
        if window == .open {
            guard !filters.isEmpty else {
                throw ValidationError("--window has no meaning where --layers has no predicted convolution")
            }
            guard common.kernel.sigma != nil else {
                throw ValidationError("--window open: expected a --sigma in pixels, found auto")
            }
        }
        guard common.compute == .pooled || common.compute == .reduced else { return }
        let pools = filters.contains { ($0.channels ?? .tied) == .tied && !$0.dictionary.traits.contains(.learned) }
        guard common.compute == .pooled, pools, !exchange.options.sumsExpanded else {
            throw ValidationError(
                "--compute: expected auto, expanded, or pooled with a predicted convolution whose channels are tied "
                    + "and whose U is not learned, and an exchange of learned values, found \(common.compute.rawValue)")
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
            sampling: common.alpha ?? .distinct,
            reach: window == .open ? common.kernel.sigma.map { SquaredExponential.reach(sigma: $0) } : nil,
            channels: alphaChannels == .tied ? nil : alphaChannels)
    }

    /// The dictionaries of its predicted layers.
    private var kinds: [DictionaryKind] { ((try? specs) ?? []).compactMap { $0.weights?.spec?.dictionary } }

    /// The settings of the command line, with the documented defaults, for a data set.
    ///
    /// - Throws: `LayerSpecError`.
    func settings(input: TensorShape, classes: Int) throws -> NetworkSettings {
        var settings = training.settings(
            common, Self.defaults, network: NetworkSpec(input: input, layers: try specs, classes: classes))
        if flip || shift > 0 { settings.augmentation = Augmentation(flips: flip, shift: shift) }
        return settings
    }

    static let defaults = TrainingArguments.Defaults(
        start: .variance, learningRate: 0.03, searched: [0.01, 0.02, 0.05, 0.1, 0.2], maxNorm: 0)

    /// What the result depends on, by option name. What `--validate` chooses is not known yet.
    var described: [String: String] {
        let kinds = kinds, standard = standard
        var all = ["layers": LayerText.normalised(layers), "flip": "\(flip)", "shift": "\(shift)"]
        all.merge(training.described(common, Self.defaults)) { $1 }
        guard !kinds.isEmpty else {
            all["dense"] = "true"
            return all
        }
        all.merge(
            [
                "learned": "\(standard.proportion)", "columns": "\(standard.columns)",
                "alpha": standard.sampling.rawValue, "dictionary": standard.dictionary.name,
                "window": window.rawValue,
            ]) { $1 }
        if let channels = standard.channels { all["alpha-channels"] = channels.rawValue }
        all.merge(common.describedKernel(kinds)) { $1 }
        return all
    }
}
