import Datasets
import Foundation
import LinearAlgebra
import TestFiles
import Testing

@Suite struct CIFAR10Tests {
    func record(label: UInt8, seed: UInt64) -> [UInt8] { [label] + randomBytes(3072, seed: seed) }

    /// Five files of one, two, three, four, five records; record r has the label r % 10 and the seed r.
    func makeSet(in folder: TemporaryFolder) throws {
        var next = 0
        for file in 1...5 {
            let bytes = (0..<file).flatMap { record(label: UInt8((next + $0) % 10), seed: UInt64(next + $0)) }
            try folder.write("data_batch_\(file).bin", bytes)
            next += file
        }
        try folder.write("test_batch.bin", record(label: 7, seed: 100))
    }

    @Test func recordsOfAllFilesAreOneRun() throws {
        let folder = try TemporaryFolder()
        try makeSet(in: folder)
        let set = try Dataset.open("cifar10", data: folder.path)
        #expect(set.shape == TensorShape(channels: 3, height: 32, width: 32))
        #expect(set.train.images.count == 15)
        #expect(set.unlabelled === set.train.images)
        #expect(set.folds == nil)
        #expect(try set.train.labels.labels(0..<15) == (0..<15).map { $0 % 10 })
        #expect(try set.test.labels.labels(0..<1) == [7])
        #expect(try set.train.images.arrays(2..<11) == (2..<11).map { randomBytes(3072, seed: UInt64($0)) })
        #expect(try set.test.images.arrays(0..<1) == [randomBytes(3072, seed: 100)])
        #expect(try set.train.images.arrays(5..<5).isEmpty)
        try expectSamples(set.train, 2..<11)
        #expect(set.classNames[6] == "frog")
    }

    @Test func classNamesFromTheirFile() throws {
        let folder = try TemporaryFolder()
        try makeSet(in: folder)
        try folder.write("batches.meta.txt", (0..<10).map { "kind \($0)\n" }.joined() + "\n")
        #expect(try Dataset.open("cifar10", data: folder.path).classNames == (0..<10).map { "kind \($0)" })
    }

    @Test(arguments: [0, 3072, 3074])
    func wrongSize(bytes: Int) throws {
        let folder = try TemporaryFolder()
        try makeSet(in: folder)
        try folder.write("data_batch_3.bin", [UInt8](repeating: 0, count: bytes))
        expectDataError(naming: folder.file("data_batch_3.bin"), "3073", "found \(bytes) bytes") {
            _ = try Dataset.open("cifar10", data: folder.path)
        }
    }

    @Test func anArchiveInPlaceOfAFile() throws {
        let folder = try TemporaryFolder()
        try makeSet(in: folder)
        try folder.writeGzip("test_batch.bin", record(label: 1, seed: 1))
        expectDataError(naming: folder.file("test_batch.bin"), "found gzip-compressed data") {
            _ = try Dataset.open("cifar10", data: folder.path)
        }
    }

    @Test func moreImagesThanAModelFileCanName() throws {
        let folder = try TemporaryFolder()
        try makeSet(in: folder)
        #expect(truncate(folder.file("data_batch_1.bin"), 3073 << 31) == 0)  // zeros that take no space
        expectDataError(naming: folder.file("data_batch_1.bin"), "at most 2147483647 images, found 2147483662") {
            _ = try Dataset.open("cifar10", data: folder.path)
        }
    }

    @Test func labelOutOfRangeInALaterFile() throws {
        let folder = try TemporaryFolder()
        try makeSet(in: folder)
        try folder.write("data_batch_2.bin", record(label: 1, seed: 1) + record(label: 10, seed: 2))
        let set = try Dataset.open("cifar10", data: folder.path)
        expectDataError(naming: "data_batch_2.bin", "from 0 to 9", "10 at position 1") {
            _ = try set.train.labels.labels(0..<15)
        }
    }

    @Test func nothingFound() throws {
        let folder = try TemporaryFolder()
        expectDataError(
            naming: "CIFAR-10", folder.path, folder.file("cifar-10-batches-bin"), "COLONNADE_DATA", "binary.tar.gz"
        ) {
            _ = try Dataset.open("cifar10", data: folder.path)
        }
    }

    @Test func folderInPlaceOfAFile() throws {
        let folder = try TemporaryFolder()
        try makeSet(in: folder)
        try FileManager.default.removeItem(atPath: folder.file("data_batch_4.bin"))
        try FileManager.default.createDirectory(
            atPath: folder.file("data_batch_4.bin"), withIntermediateDirectories: true)
        expectDataError(naming: "data_batch_4.bin", "a file") { _ = try Dataset.open("cifar10", data: folder.path) }
    }
}
