import Datasets
import Foundation
import LinearAlgebra
import Storage
import TestFiles
import Testing

@Suite struct DatasetTests {
    @Test func unknownName() {
        expectDataError(naming: "cifar100", "fashion-mnist") { _ = try Dataset.open("cifar100", data: nil) }
    }

    /// The set, both folders that were tried, and the command or page that gets it.
    @Test(arguments: [
        (
            "mnist", "MNIST not found: expected train-images-idx3-ubyte in ", "mnist",
            "get its four IDX files with 'scripts/data mnist'"
        ),
        (
            "fashion-mnist", "Fashion-MNIST not found: ", "fashion-mnist",
            "get its four IDX files with 'scripts/data fashion-mnist'"
        ),
        ("cifar10", "CIFAR-10 not found: ", "cifar-10-batches-bin", "get cifar-10-binary.tar.gz from "),
        ("stl10", "STL-10 not found: ", "stl10_binary", "get stl10_binary.tar.gz from "),
    ])
    func missing(name: String, beginning: String, usualFolder: String, source: String) throws {
        let folder = try TemporaryFolder()
        expectDataError(naming: beginning, " in \(folder.path)/\(usualFolder) or \(folder.path), found none", source) {
            _ = try Dataset.open(name, data: folder.path)
        }
    }

    /// A set of IDX files of one 2×2 image each, with pixels and labels of one value.
    private func writeIDX(_ value: UInt8, to subfolder: String, of folder: TemporaryFolder) throws {
        for part in ["train", "t10k"] {
            try folder.write(
                "\(subfolder)/\(part)-images-idx3-ubyte",
                [0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2] + [value, value, value, 0])
            try folder.write("\(subfolder)/\(part)-labels-idx1-ubyte", [0, 0, 8, 1, 0, 0, 0, 1, value])
        }
    }

    @Test(arguments: ["mnist", "fashion-mnist"])
    func theFolderNamedAfterTheSetComesFirst(name: String) throws {
        let folder = try TemporaryFolder()
        try writeIDX(1, to: ".", of: folder)
        var set = try Dataset.open(name, data: folder.path)
        #expect(try set.train.labels.labels(0..<1) == [1] && set.folder == folder.path)
        try writeIDX(2, to: name, of: folder)
        set = try Dataset.open(name, data: folder.path)
        #expect(try set.train.labels.labels(0..<1) == [2] && set.folder == folder.file(name))
        #expect(try Dataset.open(name, data: folder.file(name)).folder == folder.file(name))
    }

    @Test(arguments: [
        ("stl10", "train_X.bin", "stl10_binary", "train_y.bin"),
        ("cifar10", "test_batch.bin", "cifar-10-batches-bin", "data_batch_1.bin"),
    ])
    func aStrayFileHidesNothing(name: String, stray: String, usualFolder: String, missing: String) throws {
        let folder = try TemporaryFolder()
        try folder.write(stray, [1])
        try folder.write("\(usualFolder)/\(stray)", randomBytes(27_648, seed: 1))
        expectDataError(naming: "\(folder.path)/\(usualFolder)/\(missing): ") {
            _ = try Dataset.open(name, data: folder.path)
        }
    }

    @Test func aRelativeFolderIsNamedInFull() throws {
        #expect(try Dataset.open("sample").folder.hasSuffix("/Samples/fashion-mnist"))
        let folder = try TemporaryFolder()
        try writeIDX(1, to: "mnist", of: folder)
        #expect(try Dataset.open("mnist", data: folder.path + "/./mnist/..").folder == folder.file("mnist"))
    }

    @Test func linksThatLeadNowhere() throws {
        let folder = try TemporaryFolder(), manager = FileManager.default
        func expect(_ path: String, _ found: String) { expectDataError(naming: "\(path): expected a file", found) {
            _ = try Dataset.open("mnist", data: folder.path)
        } }
        try manager.createSymbolicLink(atPath: folder.file("mnist"), withDestinationPath: "/not/there")
        expect(folder.file("mnist"), "found a link to /not/there, which is not there")
        try manager.removeItem(atPath: folder.file("mnist"))
        try manager.createSymbolicLink(atPath: folder.file("mnist"), withDestinationPath: "mnist")
        expect(folder.file("mnist"), "Too many levels of symbolic links")
        try manager.removeItem(atPath: folder.file("mnist"))
        try writeIDX(1, to: "mnist", of: folder)
        let file = folder.file("mnist/t10k-labels-idx1-ubyte")
        try manager.removeItem(atPath: file)
        try manager.createSymbolicLink(atPath: file, withDestinationPath: "/not/there")
        expect(file, "found a link to /not/there, which is not there")
    }

    @Test(arguments: [
        ("mnist", "train-images.idx3-ubyte", "train-images.idx3-ubyte: write '-idx' for '.idx'"),
        (
            "fashion-mnist", "fashion-mnist/train-images.idx3-ubyte.gz",
            "fashion-mnist/train-images.idx3-ubyte.gz: write '-idx' for '.idx'"
        ),
        (
            "mnist", "MNIST/raw/train-images-idx3-ubyte",
            "MNIST/raw/train-images-idx3-ubyte: name its folder with --data"
        ),
        ("mnist", "raw/t10k-images-idx3-ubyte.gz", "raw/t10k-images-idx3-ubyte.gz: name its folder with --data"),
        (
            "fashion-mnist", "FashionMNIST/raw/train-images-idx3-ubyte",
            "FashionMNIST/raw/train-images-idx3-ubyte: name its folder"
        ),
        ("cifar10", "cifar-10-batches-py/data_batch_1", "cifar-10-batches-py: it is the Python version"),
        ("stl10", "stl10_binary.tar.gz", "stl10_binary.tar.gz: unpack it"),
    ])
    func whatIsNearlyRightIsNamed(name: String, file: String, found: String) throws {
        let folder = try TemporaryFolder()
        try folder.write(file, [1])
        expectDataError(naming: "found \(folder.path)/\(found)") { _ = try Dataset.open(name, data: folder.path) }
    }

    @Test func blankImages() throws {
        let folder = try TemporaryFolder()
        try writeIDX(0, to: "mnist", of: folder)
        let set = try Dataset.open("mnist", data: folder.path)
        expectDataError(naming: folder.file("mnist/train-images-idx3-ubyte"), "one constant value, 0,") {
            try set.checkImages()
        }
        try Dataset.open("sample").checkImages()
    }

    @Test func sample() throws {
        let set = try Dataset.open("sample", data: nil)
        #expect(set.shape == TensorShape(channels: 1, height: 28, width: 28))
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
        do { set = try Dataset.open(name) } catch let error as DataError where error.message.contains("not found") {
            return
        }
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
        #expect(try set.checkOrigin().isEmpty)
        for fold in set.folds ?? [] { #expect(Set(fold).count == fold.count) }
        #expect(try set.unlabelled.arrays(set.unlabelled.count - 1..<set.unlabelled.count)[0].count == set.shape.count)
    }
}
