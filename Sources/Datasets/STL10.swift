import LinearAlgebra
import Storage

extension DatasetKind {
    static let stl10 = DatasetKind(name: "stl10") { data in
        try openSTL10(
            in: findFolder(
                of: PublicSet(
                    title: "STL-10", folder: "stl10_binary", files: ["train_X.bin", "test_X.bin", "unlabeled_X.bin"],
                    nearMisses: [("stl10_binary.tar.gz", "unpack it")],
                    source:
                        "stl10_binary.tar.gz from Adam Coates's page at Stanford, "
                        + "https://cs.stanford.edu/~acoates/stl10"
                ),
                data: data))
    }
}

/// STL-10 (Coates, Lee & Ng, AISTATS 2011): 96×96 colour images as three planes, each stored column by column; labels
/// 1 to 10; folds as lines of indices into the training images.
private func openSTL10(in folder: String) throws -> Dataset {
    let shape = TensorShape(channels: 3, height: 96, width: 96)

    func images(_ name: String) throws -> Records {
        let file = try ByteFile(path: folder + "/" + name)
        let (count, rest) = file.size.quotientAndRemainder(dividingBy: shape.count)
        guard rest == 0, count > 0 else {
            throw DataError(
                file.path, expected: "a whole number of images of \(shape.count) bytes, at least one",
                found: file.kind?.rawValue ?? "\(file.size) bytes, \(count) images and \(rest) bytes more")
        }
        return Records(file: file, start: 0, stride: shape.count, length: shape.count, count: count)
    }
    func part(_ name: String) throws -> (images: ImageSet, labels: Labels) {
        let records = try images(name + "_X.bin")
        let file = try ByteFile(path: folder + "/" + name + "_y.bin")
        guard file.size == records.count else {
            throw DataError(
                file.path, expected: "\(records.count) bytes, a label for each image of \(name)_X.bin",
                found: file.kind?.rawValue ?? "\(file.size) bytes")
        }
        let labels = Records(file: file, start: 0, stride: 1, length: 1, count: file.size)
        return (
            ImageSet(shape: shape, files: [records], columnMajor: true),
            Labels(classes: 10, first: 1, files: [labels])
        )
    }

    let train = try part("train")
    let names = folder + "/class_names.txt"
    return Dataset(
        name: "stl10", folder: folder,
        classNames: try isFile(names)
            ? readClassNames(names)
            : ["airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck"],
        unlabelled: ImageSet(shape: shape, files: [try images("unlabeled_X.bin")], columnMajor: true),
        train: train, test: try part("test"),
        folds: try readFolds(folder + "/fold_indices.txt", images: train.images.count))
}

/// The folds of a file with a line each: indices from 0 on, between spaces, each once, and as many in every line.
private func readFolds(_ path: String, images: Int) throws -> [[Int]] {
    let folds = try ByteFile(path: path).lines().enumerated().map { line, text in
        var seen: Set<Int> = []
        return try text.split(whereSeparator: \.isWhitespace).map { word in
            guard let index = Int(word), (0..<images).contains(index) else {
                throw DataError(
                    path, expected: "indices from 0 to \(images - 1), one for each image of train_X.bin",
                    found: "\(word.escaped) in line \(line + 1)")
            }
            guard seen.insert(index).inserted else {
                throw DataError(path, expected: "an index once a line", found: "\(index) twice in line \(line + 1)")
            }
            return index
        }
    }
    guard (1...1000).contains(folds.count) else {
        throw DataError(
            path, expected: "1 to 1000 folds, a line of indices each",
            found: folds.isEmpty ? "an empty file" : "\(folds.count) lines")
    }
    // The length that most lines have; the first line's among equals.
    let lengths = folds.map(\.count)
    let usual = lengths.max { a, b in lengths.count { $0 == a } < lengths.count { $0 == b } }!
    if let line = lengths.firstIndex(where: { $0 != usual || $0 == 0 }) {
        throw DataError(
            path, expected: "\(max(usual, 1)) indices in every line", found: "\(lengths[line]) in line \(line + 1)")
    }
    return folds
}
