import Datasets
import Foundation
import LinearAlgebra
import TestFiles
import Testing

@Suite struct STL10Tests {
    static let imageBytes = 27_648

    /// Four training, three test and two unlabelled images; two folds.
    func makeSet(in folder: TemporaryFolder) throws {
        try folder.write("train_X.bin", randomBytes(4 * Self.imageBytes, seed: 1))
        try folder.write("train_y.bin", [1, 10, 3, 4])
        try folder.write("test_X.bin", randomBytes(3 * Self.imageBytes, seed: 2))
        try folder.write("test_y.bin", [2, 2, 9])
        try folder.write("unlabeled_X.bin", randomBytes(2 * Self.imageBytes, seed: 3))
        try folder.write("fold_indices.txt", "0 2 \n3 1 \n")
    }

    @Test func planesAreTurnedToRows() throws {
        let folder = try TemporaryFolder()
        try makeSet(in: folder)
        let set = try Dataset.open("stl10", data: folder.path)
        #expect(set.shape == TensorShape(channels: 3, height: 96, width: 96))
        #expect(set.classes == 10)
        #expect(set.classNames[1] == "bird")
        let counts: [Int] = [set.train.images.count, set.test.images.count, set.unlabelled.count]
        #expect(counts == [4, 3, 2] as [Int])
        #expect(set.folds == [[0, 2], [3, 1]])
        #expect(try set.train.labels.labels(0..<4) == [0, 9, 2, 3])
        #expect(try set.test.labels.labels(1..<3) == [1, 8])

        try expectSamples(set.train, 1..<4)
        let file = randomBytes(4 * Self.imageBytes, seed: 1)
        let images = try set.train.images.arrays(1..<4)
        for index in 1..<4 {
            for channel in 0..<3 {
                for row in 0..<96 {
                    for column in 0..<96 {
                        let stored = file[index * Self.imageBytes + channel * 9216 + column * 96 + row]
                        if images[index - 1][channel * 9216 + row * 96 + column] != stored {
                            Issue.record("image \(index), channel \(channel), row \(row), column \(column)")
                            return
                        }
                    }
                }
            }
        }
    }

    @Test func usualFolderInsideData() throws {
        let folder = try TemporaryFolder()
        try folder.write("stl10_binary/train_X.bin", randomBytes(Self.imageBytes, seed: 1))
        // The folder is taken, and what is missing in it is named.
        expectDataError(naming: "stl10_binary/train_y.bin", "none") { _ = try Dataset.open("stl10", data: folder.path) }
    }

    @Test func classNamesFromTheirFile() throws {
        let folder = try TemporaryFolder()
        try makeSet(in: folder)
        try folder.write("class_names.txt", (0..<10).map { "kind \($0)\r\n" }.joined())
        #expect(try Dataset.open("stl10", data: folder.path).classNames[9] == "kind 9")
        try folder.write("class_names.txt", "\u{FEFF}" + (0..<10).map { "kind \($0)\r\n" }.joined() + "\u{1A}")
        #expect(try Dataset.open("stl10", data: folder.path).classNames == (0..<10).map { "kind \($0)" })
        try folder.write("class_names.txt", "a\n\n" + (2..<10).map { "kind \($0)\n" }.joined())
        expectDataError(naming: "class_names.txt", "none in line 2") {
            _ = try Dataset.open("stl10", data: folder.path)
        }
        try folder.write("class_names.txt", "a\nb\n")
        expectDataError(naming: "class_names.txt", "10", "found 2") { _ = try Dataset.open("stl10", data: folder.path) }
    }

    @Test(arguments: [
        ("train_X.bin", 4 * 27_648 - 1, ["whole number", "27648", "110591 bytes", "3 images and 27647 bytes more"]),
        ("train_X.bin", 3 * 27_648, ["train_y.bin", "3 bytes", "found 4 bytes"]),
        ("train_X.bin", 5 * 27_648, ["train_y.bin", "5 bytes", "found 4 bytes"]),
        ("unlabeled_X.bin", 0, ["unlabeled_X.bin", "at least one", "0 bytes"]),
        ("test_y.bin", 2, ["test_y.bin", "3 bytes", "found 2 bytes"]),
        ("test_y.bin", 4, ["test_y.bin", "3 bytes", "found 4 bytes"]),
    ])
    func sizes(name: String, bytes: Int, parts: [String]) throws {
        let folder = try TemporaryFolder()
        try makeSet(in: folder)
        try folder.write(name, [UInt8](repeating: 1, count: bytes))
        for part in parts {
            expectDataError(naming: part) { _ = try Dataset.open("stl10", data: folder.path) }
        }
    }

    @Test(arguments: ["train_y.bin", "test_X.bin", "unlabeled_X.bin", "fold_indices.txt"])
    func missing(name: String) throws {
        let folder = try TemporaryFolder()
        try makeSet(in: folder)
        try FileManager.default.removeItem(atPath: folder.file(name))
        expectDataError(naming: folder.file(name), "found none") { _ = try Dataset.open("stl10", data: folder.path) }
    }

    @Test(arguments: [
        ("0 1\n2 4\n", "4 in line 2"), ("0 -1\n", "-1 in line 1"), ("0 one\n", "one in line 1"),
        ("0\n\n1\n", "expected 1 indices in every line, found 0 in line 2"), ("\n\n0\n", "found 0 in line 1"),
        ("", "an empty file"),
        ("\u{FEFF}\u{1A}", "an empty file"), ("0 1\n2 2\n", "2 twice in line 2"),
        ("0 1\n2\n1 3\n", "expected 2 indices in every line, found 1 in line 2"),
        ("0\n1 2\n3 1\n", "found 1 in line 1"), ("0 1\n\u{200B}2 3\n", #"\u{200B}2 in line 2"#),
        ("0 \u{7}1\n", #"\u{07}1 in line 1"#),
        ("0 \u{1A}1\n", #"\u{1A}1 in line 1"#), ("99999999999999999999\n", "99999999999999999999 in line 1"),
        (String(repeating: "7", count: 100), String(repeating: "7", count: 60) + "… in line 1"),
        (String(repeating: "0\n", count: 1001), "1 to 1000 folds, a line of indices each, found 1001 lines"),
    ])
    func folds(text: String, found: String) throws {
        let folder = try TemporaryFolder()
        try makeSet(in: folder)
        try folder.write("fold_indices.txt", text)
        expectDataError(naming: "fold_indices.txt", found) { _ = try Dataset.open("stl10", data: folder.path) }
    }

    @Test(arguments: ["\u{FEFF}0 2\r\n3 1\r\n\u{1A}", "\u{FEFF}0 2\n3 1", "0 2\n3 1\u{1A}", "0\t2\n3 1\n\n \n"])
    func foldsAsEditorsWriteThem(text: String) throws {
        let folder = try TemporaryFolder()
        try makeSet(in: folder)
        try folder.write("fold_indices.txt", text)
        #expect(try Dataset.open("stl10", data: folder.path).folds == [[0, 2], [3, 1]])
    }

    @Test func aTextOfAnySizeIsNotRead() throws {
        let folder = try TemporaryFolder()
        try makeSet(in: folder)
        #expect(truncate(folder.file("fold_indices.txt"), 1 << 30) == 0)  // zeros that take no space
        expectDataError(naming: "fold_indices.txt", "at most 16777216 bytes, found 1073741824 bytes") {
            _ = try Dataset.open("stl10", data: folder.path)
        }
    }

    @Test(arguments: [UInt8(0), 11])
    func labelOutOfRange(label: UInt8) throws {
        let folder = try TemporaryFolder()
        try makeSet(in: folder)
        try folder.write("train_y.bin", [1, 10, label, 4])
        let set = try Dataset.open("stl10", data: folder.path)
        #expect(try set.train.labels.labels(0..<2) == [0, 9])
        expectDataError(naming: "train_y.bin", "from 1 to 10", "\(label) at position 2") {
            _ = try set.train.labels.labels(1..<4)
        }
    }

    @Test func fileThatShrinksWhileOpen() throws {
        let folder = try TemporaryFolder()
        try makeSet(in: folder)
        let set = try Dataset.open("stl10", data: folder.path)
        #expect(truncate(folder.file("train_X.bin"), 27_648 + 5) == 0)
        expectDataError(naming: "train_X.bin", "its end at 27653") { _ = try set.train.images.arrays(0..<2) }
    }
}
