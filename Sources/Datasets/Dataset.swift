import Foundation

/// A public set of labelled images, opened.
public struct Dataset: Sendable {
    public let name: String
    public let classNames: [String]
    public var classes: Int { classNames.count }
    public var shape: ImageShape { train.images.shape }
    /// What features are learned on: the unlabelled images of STL-10, else the training images.
    public let unlabelled: ImageSet
    public let train: (images: ImageSet, labels: Labels)
    public let test: (images: ImageSet, labels: Labels)
    /// The training images of each predefined fold (STL-10), as indices into `train`.
    public let folds: [[Int]]?

    init(
        name: String, classNames: [String], unlabelled: ImageSet? = nil, train: (images: ImageSet, labels: Labels),
        test: (images: ImageSet, labels: Labels), folds: [[Int]]? = nil
    ) {
        self.name = name
        self.classNames = classNames
        self.unlabelled = unlabelled ?? train.images
        self.train = train
        self.test = test
        self.folds = folds
    }

    /// Reads all labels once, so that one out of range ends a job before its work. Throws `DataError`.
    public func checkLabels() throws {
        for set in [train, test] { _ = try set.labels.labels(0..<set.labels.count) }
    }

    public static let names = ["sample", "cifar10", "stl10", "mnist", "fashion-mnist"]

    /// Opens a set by its name and checks sizes, headers and folds; pixels and labels are read later.
    ///
    /// `data` is a folder, else the environment variable COLONNADE_DATA, else `data`: that folder, or the one of the
    /// set's usual name in it, holds the files. The set `sample` comes with the code (see `samplesFolder`) and needs no
    /// `data`. Throws `DataError`.
    public static func open(_ name: String, data: String? = nil) throws -> Dataset {
        switch name {
        case "sample": try openMNIST(name, in: samplesFolder() + "/fashion-mnist", classNames: fashionClasses)
        case "stl10": try openSTL10(in: findFolder(of: .stl10, data: data))
        case "cifar10": try openCIFAR10(in: findFolder(of: .cifar10, data: data))
        case "mnist":
            try openMNIST(name, in: findFolder(of: .mnist, data: data), classNames: (0...9).map(String.init))
        case "fashion-mnist":
            try openMNIST(name, in: findFolder(of: .fashionMNIST, data: data), classNames: fashionClasses)
        default:
            throw DataError(
                message: "no dataset is called \(name); there are \(names.joined(separator: ", "))")
        }
    }
}

private let fashionClasses = [
    "T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot",
]

/// The names of ten classes from a file with a line each, where the set brings one.
func readClassNames(_ path: String) throws -> [String] {
    let names = try ByteFile(path: path).lines().map { $0.trimmingCharacters(in: .whitespaces) }
    guard names.count == 10 else { throw DataError(path, expected: "10 class names, a line each", found: "\(names.count)") }
    return names
}
