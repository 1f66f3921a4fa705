import Foundation
import LinearAlgebra
import Parallel
import Runs

/// How well classifiers of some features do: one trained on all training images, or one for each fold.
public struct Evaluation {
    public let classifiers: [LinearClassifier]
    /// The predicted class of every test image, for each classifier; the same on every rank.
    public let predictions: [[Int32]]
    /// The class of every test image.
    public let labels: [Int32]
    /// The part of test images predicted right, for each classifier.
    public let accuracies: [Double]

    /// The mean over classifiers.
    public var accuracy: Double { Statistics.mean(accuracies) }

    /// Half the width of the 90 % interval of the mean over folds, Student's t at 9 degrees of freedom for STL-10's
    /// ten: 1.833·s/√10. Nil without folds.
    public var interval: Double? { Statistics.halfInterval90(accuracies) }

    /// Trains on each subset of the training images and tests on all test images.
    ///
    /// - Parameters:
    ///   - subsets: places in the training set: STL-10's folds, or one subset of all.
    ///   - report: called before each subset.
    public init(
        train: EncodedImages, test: EncodedImages, subsets: [[Int]], classes: Int, cost: Double,
        communicator: Communicator,
        report: (Int) -> Void = { _ in }
    ) throws {
        var classifiers: [LinearClassifier] = [], predictions: [[Int32]] = []
        for (index, subset) in subsets.enumerated() {
            report(index)
            let (features, own, parts) = train.selecting(subset)
            let classifier = try LinearClassifier(
                standardising: features, labels: own, classes: classes, cost: cost, parts: parts, order: train.order,
                communicator: communicator)
            predictions.append(try communicator.gather(classifier.predict(test.features), total: test.total))
            classifiers.append(classifier)
        }
        let labels = try communicator.gather(test.labels, total: test.total)
        self.labels = labels
        self.classifiers = classifiers
        self.predictions = predictions
        accuracies = predictions.map { predicted in
            Double(zip(predicted, labels).count { $0 == $1 }) / Double(max(labels.count, 1))
        }
    }

    /// predictions.csv.
    public var table: String { predictionTable(predictions, labels: labels) }
}
