import ArgumentParser
import DataParallel
import JobSupport
import Layers
import LinearAlgebra
import Networks
import Runs

extension Activation: ExpressibleByArgument {}

/// The command line of the job `mlp`.
struct MLPOptions: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mlp",
        abstract:
            "Train a multilayer perceptron whose hidden layers are predicted, by data-parallel stochastic gradient "
            + "descent.",
        discussion: TrainingArguments.aboutRuns,
        version: RunRecord.colonnade)

    @OptionGroup var common: CommonOptions
    @Option(help: ArgumentHelp("Units of the hidden layers.", valueName: "n,n"))
    var widths: Widths = Widths(units: [500, 500])
    @Option(help: ArgumentHelp("Activation of the hidden layers.", valueName: "sigmoid|relu|tanh"))
    var activation = Activation.sigmoid
    @Option(
        help: ArgumentHelp(
            "Epochs in which every hidden layer is first a tied autoencoder of its inputs; only with sigmoid units.",
            valueName: "n"))
    var pretrainEpochs = 0
    @Option(
        help: ArgumentHelp(
            "Begin with the first proportion, double it in steps of equally many epochs up to the second, "
                + "larger one (numbers or fractions above 0 and at most 1); instead of --learned.", valueName: "p:p"))
    var grow: GrowingProportion?
    @Option(
        help: ArgumentHelp(
            "Epochs in which U of every predicted layer is held before it is learned, too, that of lowrank included. "
                + "(default: U is never learned, that of lowrank from the start)", valueName: "n"))
    var unfreezeAfter: Int?
    @Option(
        help: ArgumentHelp(
            "Learn w for so many epochs, then U for as many with w held, and so on, in every predicted layer.",
            valueName: "n"))
    var alternate: Int?
    @Option(
        help: ArgumentHelp(
            "Part of the hidden units left out in a step, at least 0 and below 1 (at most 0.999999).", valueName: "p"))
    var dropout = 0.0
    @OptionGroup var training: TrainingArguments
    @OptionGroup var exchange: ExchangeArguments

    func validate() throws {
        try check(widths.units.max(), "--widths", "1 to 1000000 units a layer") { $0 <= 1_000_000 }
        try check(pretrainEpochs, "--pretrain-epochs", "0 to 1000000") { $0 >= 0 && $0 <= 1_000_000 }
        try check(unfreezeAfter, "--unfreeze-after", "at least 0 and fewer than the \(epochs) epochs of the run") {
            $0 >= 0 && $0 < epochs
        }
        try check(alternate, "--alternate", "at least 1 and fewer than the \(epochs) epochs of the run") {
            $0 >= 1 && $0 < epochs
        }
        try check(dropout, "--dropout", "0 to 0.999999") { $0 >= 0 && $0 <= 0.999999 }
        let narrowest = widths.units.min()!
        try check(common.columns, "--columns", "at most one column a unit, \(narrowest)") { $0 <= narrowest }
        for name in common.dictionary?.split(separator: ",", omittingEmptySubsequences: false) ?? []
        where name != "dense" && DictionaryKind(named: name) == nil {
            let names = (DictionaryKind.all.map(\.name) + ["dense"]).joined(separator: ", ")
            throw ValidationError("--dictionary: expected names of \(names), found '\(name)'")
        }
        try check(
            common.dictionaries?.count, "--dictionary", "at most a name for each of \(widths.units.count) hidden layers"
        ) {
            $0 <= widths.units.count
        }
        try exchange.checkOrder(common.reduction)
        try checkUse()
    }

    /// Refuses options that nothing in the net asked for would use.
    private func checkUse() throws {
        let kinds = dictionaries.compactMap(\.self)
        try training.checkSearch(common)
        try training.checkStart(common)
        if common.initial != nil, pretrainEpochs > 0 {
            throw ValidationError(
                "--init gives learned values their start: expected no --pretrain-epochs, found \(pretrainEpochs)")
        }
        if kinds.isEmpty, grow != nil || unfreezeAfter != nil || alternate != nil {
            throw ValidationError(
                "--grow, --unfreeze-after and --alternate have no meaning where no layer is predicted")
        }
        if kinds.isEmpty, common.learned != nil || common.columns != nil || common.alpha != nil {
            throw ValidationError(
                "--learned, --columns and --alpha have no meaning where --dictionary names dense layers only")
        }
        if grow != nil, common.learned != nil {
            throw ValidationError("--grow says how much is learned at the end: give --grow or --learned, not both")
        }
        if grow != nil {
            let proportions = curriculum.proportions
            try check(epochs, "--epochs", "an epoch for each of --grow's \(proportions.count) proportions") {
                $0 >= proportions.count
            }
        }
        if unfreezeAfter != nil, alternate != nil {
            throw ValidationError("--unfreeze-after learns U with w, --alternate in turns: give one of them, not both")
        }
        if grow != nil,
            unfreezeAfter != nil || alternate != nil || kinds.contains(where: { $0.traits.contains(.learned) })
        {
            throw ValidationError(
                "--grow: expected a U that is fixed, found --unfreeze-after, --alternate or the dictionary lowrank")
        }
        try common.checkKernel(kinds)
        if training.start == .variance, pretrainEpochs > 0 {
            throw ValidationError("--start variance: expected no --pretrain-epochs, which start from ±0.1, found both")
        }
        try checkCompute()
        if pretrainEpochs > 0, activation != .sigmoid {
            throw ValidationError(
                "--pretrain-epochs: expected --activation sigmoid, as autoencoders have, found \(activation.rawValue)")
        }
    }

    /// Refuses a path that no layer can be computed on.
    private func checkCompute() throws {
        guard common.compute == .pooled || common.compute == .reduced else { return }
        // Only the first layer can be reduced, and a U that is learned is computed expanded.
        let layers = common.compute == .reduced ? dictionaries[..<1] : dictionaries[...]
        let pools = curriculum.stages(epochs: epochs).contains { stage in
            layers.contains { kind in kind.map { !curriculum.learns($0, in: stage) } ?? false }
        }
        if !pools {
            throw ValidationError(
                "--compute \(common.compute.rawValue): expected "
                    + "\(common.compute == .reduced ? "a first layer" : "a layer") with a fixed dictionary, found "
                    + "\(dictionaries.map { $0?.name ?? "dense" }.joined(separator: ","))"
                    + (unfreezeAfter == 0 ? " learned from the start" : ""))
        }
        if exchange.options.sumsExpanded {
            throw ValidationError(
                "--compute: expected expanded or auto with --exchange full and --lowrank-of full, which sum the "
                    + "gradient of expanded weights, found \(common.compute.rawValue)")
        }
    }

    /// The dictionary of every hidden layer; nil: a dense layer.
    var dictionaries: [DictionaryKind?] {
        let given = common.dictionaries ?? [.se, .emp]
        return widths.units.indices.map { common.dense ? nil : given[min($0, given.count - 1)] }
    }

    /// The proportion that is learned at the end.
    var proportion: Double { grow?.last ?? common.learned?.value ?? 0.1 }

    var columns: Int { common.columns ?? min(10, widths.units.min()!) }

    var curriculum: Curriculum {
        if let grow { return .grow(from: grow.first, to: grow.last) }
        if let unfreezeAfter { return .unfreeze(after: unfreezeAfter) }
        if let alternate { return .alternate(every: alternate) }
        return .fixed
    }

    /// The settings of the command line, with the documented defaults, for a data set.
    func settings(input: TensorShape, classes: Int) -> NetworkSettings {
        let layers = zip(widths.units, dictionaries).flatMap { units, kind -> [LayerSpec] in
            let weights = kind.map {
                WeightSpec(
                    dictionary: $0, kernel: common.kernel, proportion: proportion, columns: columns,
                    sampling: common.alpha ?? .distinct)
            }
            return [.fullyConnected(units: units, weights), .activation(activation)]
                + (dropout > 0 ? [.dropout(rate: dropout)] : [])
        }
        return training.settings(
            common, Self.defaults, network: NetworkSpec(input: input, layers: layers, classes: classes),
            curriculum: curriculum, pretrainEpochs: pretrainEpochs)
    }

    /// The bound is that of the released settings of Denil et al. 2013.
    static let defaults = TrainingArguments.Defaults(
        start: .uniform, learningRate: 0.1, searched: [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10], maxNorm: 1.9365)
    private var epochs: Int { training.epochs }
}

/// Widths of hidden layers, written as 500,500.
struct Widths: ExpressibleByArgument {
    let units: [Int]

    init(units: [Int]) { self.units = units }

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.allSatisfy({ $0 ?? 0 > 0 }) else { return nil }
        units = parts.map { $0! }
    }

    var defaultValueDescription: String { units.map(String.init).joined(separator: ",") }
}
