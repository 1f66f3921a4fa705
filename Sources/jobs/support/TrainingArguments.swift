import ArgumentParser
import DataParallel
import Datasets
import Layers
import Networks
import Runs

/// `--preprocess`.
public enum PreprocessingChoice: String, CaseIterable, ExpressibleByArgument {
    case none, contrast, whiten
}

extension RateSchedule: ExpressibleByArgument {}
extension StartingValues: ExpressibleByArgument {}

/// The options that every job has that trains a network by stochastic gradient descent.
public struct TrainingArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Learned values start uniform in ±0.1, or scaled so that the outputs of each layer but the last, before "
                + "its activation, have variance 1 on the first batch. (default: uniform; convnet: variance)",
            valueName: "uniform|variance"))
    public var start: StartingValues?
    @Option(
        help: ArgumentHelp(
            "What is done to images first: none divides pixels by 255, contrast takes each image's mean away and "
                + "brings all to one length, whiten does the same and then whitens them (ZCA, fitted on the training "
                + "images, of at most \(Preprocessing.mostWhitened) values).", valueName: "none|contrast|whiten"))
    public var preprocess = PreprocessingChoice.none
    @Option(
        help: ArgumentHelp("Training images that are used, drawn from all by the seed. (default: all)", valueName: "n"))
    public var trainingImages: Int?
    @Option(help: ArgumentHelp("Samples of a step, on all ranks together.", valueName: "n"))
    public var batch = 100
    @Option(help: ArgumentHelp("Times that all training images are seen; 0 leaves the start.", valueName: "n"))
    public var epochs = 15
    @Option(
        help: ArgumentHelp(
            "Learning rate of the first step; with --validate the only one tried. (default: 0.1; convnet: 0.03)",
            valueName: "r"))
    public var learningRate: Double?
    @Option(
        help: ArgumentHelp(
            "How the rate falls: divided by 1.00004 at every step (the paper), or straight down to 0.",
            valueName: "paper|linear"))
    public var schedule = RateSchedule.linear
    @Option(help: ArgumentHelp("Momentum, at least 0 and below 1.", valueName: "m"))
    public var momentum = 0.7
    @Option(help: ArgumentHelp("L2 penalty of the learned weights.", valueName: "l"))
    public var weightDecay = 5e-5
    @Option(
        help: ArgumentHelp(
            "Largest norm of a unit's learned weights; 0: any. (default: 1.9365; convnet: 0)", valueName: "n"))
    public var maxNorm: Double?
    @Option(
        help: ArgumentHelp(
            "Steps between rows of validation.csv, which also has one an epoch; only with --validate.", valueName: "n"))
    public var validateEvery: Int?

    /// What a job takes where an option is not given.
    public struct Defaults: Sendable {
        public var start: StartingValues
        public var learningRate: Double
        /// The rates that `--validate` tries.
        public var searched: [Double]
        /// 0: none.
        public var maxNorm: Double

        public init(start: StartingValues, learningRate: Double, searched: [Double], maxNorm: Double) {
            self.start = start
            self.learningRate = learningRate
            self.searched = searched
            self.maxNorm = maxNorm
        }
    }

    public init() {}

    /// What `--help` says of every job that trains so.
    public static let aboutRuns =
        CommonOptions.aboutRuns + "\nThe test images are read once, after the last epoch."

    public func validate() throws {
        try check(trainingImages, "--training-images", "at least 1") { $0 >= 1 }
        try check(batch, "--batch", "1 to 1000000") { $0 >= 1 && $0 <= 1_000_000 }
        try check(epochs, "--epochs", "0 to 1000000") { $0 >= 0 && $0 <= 1_000_000 }
        try check(validateEvery, "--validate-every", "1 to 1000000 steps") { $0 >= 1 && $0 <= 1_000_000 }
        try check(learningRate, "--learning-rate", "a number above 0") { $0 > 0 && $0.isFinite }
        try check(momentum, "--momentum", "at least 0 and below 1") { $0 >= 0 && $0 < 1 }
        try check(weightDecay, "--weight-decay", "a number of at least 0") { $0 >= 0 && $0.isFinite }
        try check(maxNorm, "--max-norm", "a number of at least 0") { $0 >= 0 && $0.isFinite }
    }

    /// Refuses two starts.
    public func checkStart(_ common: CommonOptions) throws {
        if common.initial != nil, let start {
            throw ValidationError(
                "--init gives learned values their start: expected no --start, found \(start.rawValue)")
        }
    }

    /// Refuses what makes sense only with `--validate`, or not with it.
    public func checkSearch(_ common: CommonOptions) throws {
        if validateEvery != nil, !common.searches {
            throw ValidationError("--validate-every: expected --validate, which holds images out, found none")
        }
        if common.searches, let trainingImages, trainingImages < 6 {
            throw ValidationError(
                "--training-images: expected at least 6 with --validate, which holds a sixth out, found "
                    + "\(trainingImages)")
        }
        if common.searches, epochs == 0 {
            throw ValidationError("--validate compares what was learned: expected --epochs of at least 1, found 0")
        }
    }

    /// What learned values start from; uniform where a file has them.
    private func start(_ common: CommonOptions, _ defaults: Defaults) -> StartingValues {
        start ?? (common.initial == nil ? defaults.start : .uniform)
    }

    /// What `--validate` searches; nil: nothing.
    public func rates(_ common: CommonOptions, _ defaults: Defaults) -> [Double]? {
        common.searches ? learningRate.map { [$0] } ?? defaults.searched : nil
    }

    /// The settings of the options, for a network.
    public func settings(
        _ common: CommonOptions, _ defaults: Defaults, network: NetworkSpec, curriculum: Curriculum = .fixed,
        pretrainEpochs: Int = 0
    ) -> NetworkSettings {
        let bound = maxNorm ?? defaults.maxNorm
        return NetworkSettings(
            dataset: common.dataset, seed: common.seed ?? 1, network: network, curriculum: curriculum,
            start: start(common, defaults), batch: batch, pretrainEpochs: pretrainEpochs, epochs: epochs,
            learningRate: learningRate ?? defaults.learningRate, schedule: schedule,
            descent: SGD.Options(momentum: momentum, weightDecay: weightDecay, maxNorm: bound == 0 ? nil : bound),
            preprocessing: Preprocessing(rawValue: preprocess.rawValue), trainingImages: trainingImages)
    }

    /// What the result depends on, by option name, with the job's defaults.
    public func described(_ common: CommonOptions, _ defaults: Defaults) -> [String: String] {
        let bound = maxNorm ?? defaults.maxNorm, start = start(common, defaults)
        let searches = rates(common, defaults)?.count ?? 0 > 1
        var all = [
            "dataset": common.dataset, "seed": "\(common.seed ?? 1)", "batch": "\(batch)",
            "epochs": "\(epochs)",
            "learning-rate": searches ? RunRecord.byValidation : "\(learningRate ?? defaults.learningRate)",
            "schedule": schedule.rawValue, "momentum": "\(momentum)", "weight-decay": "\(weightDecay)",
            "max-norm": bound == 0 ? "0" : "\(bound)",
        ]
        // Runs of before the choices have no such settings.
        if start != .uniform { all["start"] = start.rawValue }
        if preprocess != .none { all["preprocess"] = preprocess.rawValue }
        if let trainingImages { all["training-images"] = "\(trainingImages)" }
        return all
    }
}
