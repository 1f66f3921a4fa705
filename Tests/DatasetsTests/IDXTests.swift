import Datasets
import Foundation
import LinearAlgebra
import TestFiles
import Testing

@Suite struct IDXTests {
    func images(_ count: Int, height: Int, width: Int, seed: UInt64) -> [UInt8] {
        [0, 0, 8, 3] + [count, height, width].flatMap { [0, 0, UInt8($0 / 256), UInt8($0 % 256)] }
            + randomBytes(count * height * width, seed: seed)
    }

    func labels(_ values: [UInt8]) -> [UInt8] { [0, 0, 8, 1, 0, 0, 0, UInt8(values.count)] + values }

    func makeSet(in folder: TemporaryFolder) throws {
        try folder.write("train-images-idx3-ubyte", images(5, height: 3, width: 4, seed: 1))
        try folder.writeGzip("train-labels-idx1-ubyte.gz", labels([0, 9, 1, 1, 2]))
        try folder.writeGzip("t10k-images-idx3-ubyte.gz", images(2, height: 3, width: 4, seed: 2))
        try folder.write("t10k-labels-idx1-ubyte", labels([4, 5]))
    }

    @Test(arguments: ["mnist", "fashion-mnist"])
    func plainAndGzip(name: String) throws {
        let folder = try TemporaryFolder()
        try makeSet(in: folder)
        let set = try Dataset.open(name, data: folder.path)
        #expect(set.name == name)
        #expect(set.shape == TensorShape(channels: 1, height: 3, width: 4))
        #expect(try set.train.labels.labels(0..<5) == [0, 9, 1, 1, 2])
        #expect(try set.test.labels.labels(1..<2) == [5])
        #expect(try set.train.images.arrays(0..<5).flatMap { $0 } == randomBytes(60, seed: 1))
        #expect(try set.test.images.arrays(1..<2)[0] == Array(randomBytes(24, seed: 2)[12...]))
    }

    @Test func header() throws {
        let good = images(5, height: 3, width: 4, seed: 1)
        let cases: [(bytes: [UInt8], parts: [String])] = [
            (Array(good.dropLast()), ["76 bytes by its header", "found 75 bytes"]),
            (good + [0], ["76 bytes by its header", "found 77 bytes"]),
            (Array(good[..<15]), ["header of 16 bytes", "found 15 bytes"]),
            ([], ["header of 16 bytes", "found 0 bytes"]),
            ([0, 0, 8, 1] + good[4...], ["magic 0 0 8 3", "found 0 0 8 1"]),
            ([0, 0, 13, 3] + good[4...], ["magic 0 0 8 3", "found 0 0 13 3"]),
            (images(0, height: 3, width: 4, seed: 1), ["at least one item", "0×3×4"]),
            (images(1, height: 0, width: 4, seed: 1), ["sides from 1 to 4096", "1×0×4"]),
            ([0, 0, 8, 3] + [UInt8](repeating: 255, count: 12), ["sides from 1 to 4096", "4294967295"]),
            (images(4, height: 3, width: 4, seed: 1), ["train-labels-idx1-ubyte.gz", "4 labels", "found 5"]),
            (images(5, height: 4, width: 4, seed: 1), ["t10k-images-idx3-ubyte.gz", "1×4×4", "found 1×3×4"]),
        ]
        for (bytes, parts) in cases {
            let folder = try TemporaryFolder()
            try makeSet(in: folder)
            try folder.write("train-images-idx3-ubyte", bytes)
            for part in parts {
                expectDataError(naming: "idx", part) { _ = try Dataset.open("mnist", data: folder.path) }
            }
        }
    }

    @Test func damagedGzip() throws {
        let folder = try TemporaryFolder()
        try makeSet(in: folder)
        let name = "t10k-images-idx3-ubyte.gz"
        let whole = try folder.bytes(name)
        func expect(_ bytes: [UInt8], _ found: String) throws {
            try folder.write(name, bytes)
            expectDataError(naming: folder.file(name), found) { try read(folder) }
        }
        for kept in [whole.count - 1, whole.count - 8, whole.count / 2, 12] {
            try expect(Array(whole[..<kept]), "its end")
        }
        var wrongSum = whole
        wrongSum[whole.count - 5] ^= 1
        try expect(wrongSum, "damaged data")
        try expect(images(2, height: 3, width: 4, seed: 2), "a plain IDX file: remove .gz from its name")
        try expect(Array("<!DOCTYPE html>\n<html>".utf8), "found an HTML page")
        try expect(Array("text".utf8), "other content")
        try expect([], "other content")
        for more in [[0], [1, 2, 3], [0x1F], [0x1F, 0x8C, 8]] as [[UInt8]] {
            try expect(whole + more, "end of a gzip file at \(whole.count), found \(more.count) bytes more")
        }
        try expect(whole + [0x1F, 0x8B], "its end after 40 inflated bytes")
    }

    @Test func gzipOfSeveralMembers() throws {
        let folder = try TemporaryFolder()
        try makeSet(in: folder)
        let bytes = images(2, height: 3, width: 4, seed: 2), name = "t10k-images-idx3-ubyte.gz"
        try FileManager.default.removeItem(atPath: folder.file(name))
        for part in [bytes[..<3], bytes[3..<17], bytes[17..<17], bytes[17...]] {
            try folder.writeGzip(name, Array(part), mode: "ab")
        }
        let set = try Dataset.open("mnist", data: folder.path)
        #expect(try set.test.images.arrays(0..<2).flatMap { $0 } == randomBytes(24, seed: 2))
    }

    /// What lies behind the bytes that the header promises is not inflated: its damage is not even seen.
    @Test func gzipIsInflatedAsFarAsItsHeaderPromises() throws {
        let folder = try TemporaryFolder()
        try makeSet(in: folder)
        let name = "t10k-images-idx3-ubyte.gz"
        try folder.writeGzip(name, images(2, height: 3, width: 4, seed: 2) + randomBytes(1 << 21, seed: 3))
        try folder.write(name, Array(try folder.bytes(name)[..<(1 << 20)]) + [UInt8](repeating: 0, count: 1 << 20))
        expectDataError(naming: folder.file(name), "expected 40 bytes by its header, found more") { try read(folder) }
    }

    /// Opens a set and looks at its images and labels, for which compressed files are inflated.
    private func read(_ folder: TemporaryFolder) throws {
        let set = try Dataset.open("mnist", data: folder.path)
        try set.checkLabels()
        try set.checkImages()
    }

    @Test func samplesAreTheImages() throws {
        let folder = try TemporaryFolder()
        try makeSet(in: folder)
        let set = try Dataset.open("mnist", data: folder.path)
        try expectSamples(set.train, 1..<5)
        try expectSamples(set.test, 0..<2)
    }

    @Test func otherFilesUnderAPlainName() throws {
        let folder = try TemporaryFolder()
        try makeSet(in: folder)
        let name = "train-images-idx3-ubyte"
        try folder.writeGzip(name, images(5, height: 3, width: 4, seed: 1))
        expectDataError(naming: folder.file(name), "gzip-compressed data: add .gz to its name") {
            _ = try Dataset.open("mnist", data: folder.path)
        }
        try folder.write(name, "\u{FEFF}\n<html><body>404</body></html>")
        expectDataError(naming: folder.file(name), "found an HTML page") {
            _ = try Dataset.open("mnist", data: folder.path)
        }
    }

    @Test(arguments: ["plain", "gz"])
    func aPipeInPlaceOfAFile(kind: String) throws {
        let folder = try TemporaryFolder()
        try makeSet(in: folder)
        let name = kind == "gz" ? "t10k-images-idx3-ubyte.gz" : "train-images-idx3-ubyte"
        try FileManager.default.removeItem(atPath: folder.file(name))
        #expect(mkfifo(folder.file(name), 0o600) == 0)
        expectDataError(naming: "\(folder.file(name)): expected a file, found something else of that name") {
            _ = try Dataset.open("mnist", data: folder.path)
        }
    }

    @Test func labelOutOfRange() throws {
        let folder = try TemporaryFolder()
        try makeSet(in: folder)
        try folder.write("t10k-labels-idx1-ubyte", labels([9, 10]))
        let set = try Dataset.open("mnist", data: folder.path)
        expectDataError(naming: "t10k-labels-idx1-ubyte", "from 0 to 9", "10 at position 1") {
            _ = try set.test.labels.labels(0..<2)
        }
    }

    @Test func missing() throws {
        let folder = try TemporaryFolder()
        try makeSet(in: folder)
        try FileManager.default.removeItem(atPath: folder.file("train-labels-idx1-ubyte.gz"))
        expectDataError(naming: "train-labels-idx1-ubyte", "found none") {
            _ = try Dataset.open("mnist", data: folder.path)
        }
    }
}
