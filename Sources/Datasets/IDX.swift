/// The four IDX files of MNIST and its kin, each plain or .gz (the plain one is taken where both exist).
func openMNIST(_ name: String, in folder: String, classNames: [String]) throws -> Dataset {
    func path(_ name: String) -> String {
        let plain = folder + "/" + name
        return isFile(plain) || !isFile(plain + ".gz") ? plain : plain + ".gz"
    }
    func part(_ prefix: String) throws -> (images: ImageSet, labels: Labels) {
        let imagePath = path(prefix + "-images-idx3-ubyte")
        let (imageFile, sizes) = try openIDX(imagePath, dimensions: 3)
        let (labelFile, labelSizes) = try openIDX(path(prefix + "-labels-idx1-ubyte"), dimensions: 1)
        guard labelSizes[0] == sizes[0] else {
            throw DataError(
                labelFile.path, expected: "\(sizes[0]) labels, as \(imagePath) has images", found: "\(labelSizes[0])")
        }
        let shape = ImageShape(channels: 1, height: sizes[1], width: sizes[2])
        return (
            ImageSet(
                shape: shape,
                files: [Records(file: imageFile, start: 16, stride: shape.count, length: shape.count, count: sizes[0])]),
            Labels(
                classes: classNames.count, first: 0,
                files: [Records(file: labelFile, start: 8, stride: 1, length: 1, count: sizes[0])])
        )
    }

    let train = try part("train")
    let test = try part("t10k")
    guard test.images.shape == train.images.shape else {
        throw DataError(
            path("t10k-images-idx3-ubyte"), expected: "images of \(train.images.shape), as the training images are",
            found: "\(test.images.shape)")
    }
    return Dataset(name: name, classNames: classNames, train: train, test: test)
}

/// Opens an IDX file of bytes and checks its header and its size.
///
/// The header is big-endian: 0, 0, 8 for unsigned bytes, the number of dimensions; then each size in 4 bytes.
private func openIDX(_ path: String, dimensions: Int) throws -> (file: ByteFile, sizes: [Int]) {
    let file = try ByteFile(path: path)
    let headerBytes = 4 + 4 * dimensions
    guard file.size >= headerBytes else {
        throw DataError(path, expected: "an IDX header of \(headerBytes) bytes", found: "\(file.size) bytes")
    }
    let header = try file.bytes(0..<headerBytes)
    guard header[..<4].elementsEqual([0, 0, 8, UInt8(dimensions)]) else {
        throw DataError(
            path, expected: "the IDX magic 0 0 8 \(dimensions)",
            found: header[..<4].map { String($0) }.joined(separator: " "))
    }
    let sizes = (1...dimensions).map { d in header[4 * d ..< 4 * d + 4].reduce(0) { $0 << 8 | Int($1) } }
    guard sizes[0] > 0, sizes[1...].allSatisfy({ (1...4096).contains($0) }) else {
        let found = sizes.map(String.init).joined(separator: "×")
        throw DataError(path, expected: "at least one item, with sides from 1 to 4096", found: found)
    }
    let expected = sizes.reduce(1, *) + headerBytes
    guard file.size == expected else {
        throw DataError(path, expected: "\(expected) bytes by its header", found: "\(file.size) bytes")
    }
    return (file, sizes)
}
