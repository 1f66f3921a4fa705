/// STL-10 (Coates, Lee & Ng, AISTATS 2011): 96×96 colour images as three planes, each stored column by column; labels
/// 1 to 10; folds as lines of indices into the training images.
func openSTL10(in folder: String) throws -> Dataset {
    let shape = ImageShape(channels: 3, height: 96, width: 96)

    func images(_ name: String) throws -> Records {
        let file = try ByteFile(path: folder + "/" + name)
        let (count, rest) = file.size.quotientAndRemainder(dividingBy: shape.count)
        guard rest == 0, count > 0 else {
            throw DataError(
                file.path, expected: "a whole number of images of \(shape.count) bytes, at least one",
                found: "\(file.size) bytes, \(count) images and \(rest) bytes more")
        }
        return Records(file: file, start: 0, stride: shape.count, length: shape.count, count: count)
    }
    func part(_ name: String) throws -> (images: ImageSet, labels: Labels) {
        let records = try images(name + "_X.bin")
        let file = try ByteFile(path: folder + "/" + name + "_y.bin")
        guard file.size == records.count else {
            throw DataError(
                file.path, expected: "\(records.count) bytes, a label for each image of \(name)_X.bin",
                found: "\(file.size) bytes")
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
        name: "stl10",
        classNames: isFile(names)
            ? try readClassNames(names)
            : ["airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck"],
        unlabelled: ImageSet(shape: shape, files: [try images("unlabeled_X.bin")], columnMajor: true),
        train: train, test: try part("test"),
        folds: try readFolds(folder + "/fold_indices.txt", images: train.images.count))
}

/// The folds of a file with a line each: indices from 0 on, between spaces.
private func readFolds(_ path: String, images: Int) throws -> [[Int]] {
    let folds = try ByteFile(path: path).lines().enumerated().map { line, text in
        try text.split(whereSeparator: \.isWhitespace).map { word in
            guard let index = Int(word), (0..<images).contains(index) else {
                throw DataError(
                    path, expected: "indices from 0 to \(images - 1), one for each image of train_X.bin",
                    found: "\(word.prefix(20)) in line \(line + 1)")
            }
            return index
        }
    }
    if let empty = folds.firstIndex(where: \.isEmpty) {
        throw DataError(path, expected: "a line of indices for each fold", found: "nothing in line \(empty + 1)")
    }
    guard !folds.isEmpty else { throw DataError(path, expected: "a line of indices for each fold", found: "an empty file") }
    return folds
}
