import Layers

/// Every choice that the result of a run of the job `mlp` depends on.
public struct MLPSettings: Codable, Equatable, Sendable {
    public var dataset: String
    public var seed: UInt64
    /// Units of the hidden layers.
    public var widths: [Int]
    public var activation: Activation
    /// The proportion of every hidden layer's weights that is learned; nil: dense layers, nothing predicted.
    public var learned: Double?
    /// The proportion that a run begins with where it grows to `learned`.
    public var growth: Double?
    /// Epochs before U is learned, too; nil: it never is, but for LowRank, whose U is learned from the start.
    public var unfreezeAfter: Int?
    /// Epochs of a turn where w and U are learned in turns.
    public var alternate: Int?
    /// J.
    public var columns: Int
    public var alpha: AlphaSampling
    /// Of every hidden layer.
    public var dictionaries: [DictionaryName]
    /// σ of the squared-exponential kernel, in pixels; nil: `SquaredExponential.sigma(grid:learned:)`.
    public var sigma: Double?
    /// λ of the kernel ridge; nil: what each dictionary is used with.
    public var ridge: Double?
    /// Raw kernel rows instead, without a ridge.
    public var raw: Bool
    /// Samples of a step, on all ranks together.
    public var batch: Int
    /// Of every hidden layer as an autoencoder, before it is trained with the others.
    public var pretrainEpochs: Int
    public var epochs: Int
    /// η of the first update.
    public var learningRate: Double
    public var schedule: RateSchedule
    public var descent: SGD.Options
    /// The part of every hidden layer's outputs that is left out in a step.
    public var dropout: Double

    public init(
        dataset: String, seed: UInt64, widths: [Int], activation: Activation, learned: Double?, growth: Double? = nil,
        unfreezeAfter: Int? = nil, alternate: Int? = nil, columns: Int, alpha: AlphaSampling, dictionaries: [DictionaryName],
        sigma: Double?, ridge: Double?, raw: Bool, batch: Int, pretrainEpochs: Int, epochs: Int,
        learningRate: Double, schedule: RateSchedule, descent: SGD.Options, dropout: Double
    ) {
        self.dataset = dataset
        self.seed = seed
        self.widths = widths
        self.activation = activation
        self.learned = learned
        self.growth = growth
        self.unfreezeAfter = unfreezeAfter
        self.alternate = alternate
        self.columns = columns
        self.alpha = alpha
        self.dictionaries = dictionaries
        self.sigma = sigma
        self.ridge = ridge
        self.raw = raw
        self.batch = batch
        self.pretrainEpochs = pretrainEpochs
        self.epochs = epochs
        self.learningRate = learningRate
        self.schedule = schedule
        self.descent = descent
        self.dropout = dropout
    }
}
