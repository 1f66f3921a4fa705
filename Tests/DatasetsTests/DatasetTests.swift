import Datasets
import Foundation
import Testing

@Suite struct DatasetTests {
    @Test func unknownName() {
        expectDataError(naming: "cifar100", "fashion-mnist") { _ = try Dataset.open("cifar100", data: nil) }
    }

    /// The set, both folders that were tried, and the command or page that gets it.
    @Test(arguments: [
        ("mnist", "MNIST not found: expected train-images-idx3-ubyte in ", "mnist", "get its four IDX files with 'scripts/data mnist'"),
        ("fashion-mnist", "Fashion-MNIST not found: ", "fashion-mnist", "get its four IDX files with 'scripts/data fashion-mnist'"),
        ("cifar10", "CIFAR-10 not found: ", "cifar-10-batches-bin", "get cifar-10-binary.tar.gz from "),
        ("stl10", "STL-10 not found: ", "stl10_binary", "get stl10_binary.tar.gz from "),
    ])
    func missing(name: String, beginning: String, usualFolder: String, source: String) throws {
        let folder = try TemporaryFolder()
        expectDataError(naming: beginning, " in \(folder.path) or \(folder.path)/\(usualFolder), found none", source) {
            _ = try Dataset.open(name, data: folder.path)
        }
    }

    @Test func sample() throws {
        let set = try Dataset.open("sample", data: nil)
        #expect(set.shape == ImageShape(channels: 1, height: 28, width: 28))
        #expect(set.train.images.count == 4000)
        #expect(set.test.images.count == 1000)
        #expect(Set(try set.train.labels.labels(0..<4000)).count == 10)
        // The first training image of Fashion-MNIST is an ankle boot; its published mean pixel is 97.
        #expect(try set.train.labels.labels(0..<1) == [9])
        let boot = try set.train.images.arrays(0..<1)[0]
        #expect(boot.reduce(0) { $0 + Int($1) } == 76_247)
    }

    /// Whatever sets the machine has, the sample at least; each is read at its ends.
    @Test(arguments: Dataset.names)
    func publicData(name: String) throws {
        let set: Dataset
        do { set = try Dataset.open(name) } catch let error as DataError where error.message.contains("not found") { return }
        for part in [set.train, set.test] {
            let labels = try part.labels.labels(0..<part.labels.count)
            #expect(labels.count == part.images.count)
            #expect(Set(labels).count == set.classes)
            let last = try part.images.arrays(part.images.count - 1 ..< part.images.count)[0]
            #expect(Set(last).count > 10)
            // Neighbours in a row of a picture are alike, wherever the rows are.
            let width = set.shape.width
            let steps = (1..<width).map { abs(Int(last[width * 10 + $0]) - Int(last[width * 10 + $0 - 1])) }
            #expect(steps.reduce(0, +) / width < 64)
        }
        for fold in set.folds ?? [] { #expect(Set(fold).count == fold.count) }
        #expect(try set.unlabelled.arrays(set.unlabelled.count - 1 ..< set.unlabelled.count)[0].count == set.shape.count)
    }
}
