import DataParallel
import Foundation
import LinearAlgebra
import Parallel
import Runs

/// How well classifiers of some features do: one trained on all training images, or one for each fold.
public final class Evaluation {
    public private(set) var classifiers: [LinearClassifier] = []
    /// The predicted class of every test image, for each classifier; the same on every rank.
    public private(set) var predictions: [[Int32]] = []
    /// The class of every test image.
    public private(set) var labels: [Int32] = []
    private let train, test: EncodedImages
    private let classes: Int
    /// How many there are to train on.
    private var subsets = 0

    /// The part of test images predicted right, for each classifier.
    public var accuracies: [Double] {
        predictions.map { predicted in
            Double(zip(predicted, labels).count { $0 == $1 }) / Double(max(labels.count, 1))
        }
    }

    /// The mean over classifiers.
    public var accuracy: Double { Statistics.mean(accuracies) }

    /// Half the width of the 90 % interval of the mean over folds, Student's t at 9 degrees of freedom for STL-10's
    /// ten: 1.833·s/√10. Nil without folds.
    public var interval: Double? { Statistics.halfInterval90(accuracies) }

    public init(train: EncodedImages, test: EncodedImages, classes: Int) {
        self.train = train
        self.test = test
        self.classes = classes
    }

    /// Trains on each subset of the training images and tests on all test images. Collective.
    ///
    /// - Parameters:
    ///   - subsets: places in the training set: STL-10's folds, or one subset of all.
    ///   - checkpoints: the run's; nil: nothing is kept.
    ///   - report: called before each subset.
    public func run(
        subsets: [[Int]], cost: Double, communicator: Communicator, checkpoints: Checkpoints? = nil,
        report: (Int) -> Void = { _ in }
    ) throws {
        self.subsets = subsets.count
        try checkpoints?.attach(self, as: "classifiers")
        defer { checkpoints?.detach("classifiers") }
        for (index, subset) in subsets.enumerated().dropFirst(classifiers.count) {
            report(index)
            let (features, own, parts) = train.selecting(subset)
            let classifier = try LinearClassifier(
                standardising: features, labels: own, classes: classes, cost: cost, parts: parts, order: train.order,
                communicator: communicator, checkpoints: checkpoints.map { ($0, "classifier \(index + 1)") })
            predictions.append(try communicator.gather(classifier.predict(test.features), total: test.total))
            classifiers.append(classifier)
        }
        labels = try communicator.gather(test.labels, total: test.total)
    }

    /// predictions.csv.
    public var table: String { predictionTable(predictions, labels: labels) }
}

extension Evaluation: Checkpointable {
    public func archive(to archive: StateArchive) throws {
        var count = classifiers.count
        try archive.number("count", &count, in: 0...subsets)
        if archive.isRestoring {
            classifiers = (0..<count).map { _ in LinearClassifier(features: train.features.columns, classes: classes) }
            predictions = (0..<count).map { _ in [Int32](repeating: 0, count: test.total) }
        }
        for index in classifiers.indices {
            try classifiers[index].archive("\(index)", to: archive)
            var predicted = predictions[index].map(Double.init)
            try archive.numbers("\(index).predictions", &predicted)
            if archive.isRestoring { predictions[index] = predicted.map { Int32(exactly: $0) ?? -1 } }
        }
    }
}
