import DataParallel
import Datasets
import Layers
import LinearAlgebra

/// Every choice that the result of training a network depends on.
public struct NetworkSettings: Codable, Equatable, Sendable {
    public var dataset: String
    public var seed: UInt64
    public var network: NetworkSpec
    public var curriculum: Curriculum
    public var start: StartingValues
    /// Samples of a step, on all ranks together.
    public var batch: Int
    /// Epochs of every hidden layer as an autoencoder, before it is trained with the others.
    public var pretrainEpochs: Int
    public var epochs: Int
    /// η of the first update.
    public var learningRate: Double
    public var schedule: RateSchedule
    public var descent: SGD.Options
    /// How training images are changed each time that they are seen; nil: not at all.
    public var augmentation: Augmentation?
    /// What is done to images before they are seen; nil: their pixels are divided by 255.
    public var preprocessing: Preprocessing?
    /// Training images that are used, drawn from all; nil: all.
    public var trainingImages: Int?
    /// The file that training starts from, its name and a number of its content; nil: `start` says what from.
    public var initial: String?

    public init(
        dataset: String, seed: UInt64, network: NetworkSpec, curriculum: Curriculum = .fixed,
        start: StartingValues = .uniform, batch: Int,
        pretrainEpochs: Int = 0, epochs: Int, learningRate: Double, schedule: RateSchedule, descent: SGD.Options,
        augmentation: Augmentation? = nil, preprocessing: Preprocessing? = nil, trainingImages: Int? = nil
    ) {
        self.dataset = dataset
        self.seed = seed
        self.network = network
        self.curriculum = curriculum
        self.start = start
        self.batch = batch
        self.pretrainEpochs = pretrainEpochs
        self.epochs = epochs
        self.learningRate = learningRate
        self.schedule = schedule
        self.descent = descent
        self.augmentation = augmentation
        self.preprocessing = preprocessing
        self.trainingImages = trainingImages
    }

    /// The stages of the run.
    public var stages: [TrainingStage] { curriculum.stages(epochs: epochs) }

    /// The numbers of the training images that are used, of so many, drawn by the seed; nil: all.
    func used(of count: Int) -> [Int]? {
        trainingImages.map { RandomStream(seed: seed, purpose: .subset).sample($0, below: count).sorted() }
    }

    /// Whether raw samples are seen before the layers are trained together.
    var preparesFromData: Bool {
        pretrainEpochs > 0 || network.weighted.contains { $0.weights?.dictionary.need != nil }
    }
}
