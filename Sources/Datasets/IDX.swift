import LinearAlgebra
import Storage

/// The four IDX files of MNIST and its kin, each plain or .gz (the plain one is taken where both exist).
func openMNIST(_ name: String, in folder: String, classNames: [String]) throws -> Dataset {
    func path(_ name: String) throws -> String {
        let plain = folder + "/" + name
        return try isFile(plain) || !isFile(plain + ".gz") ? plain : plain + ".gz"
    }
    func part(_ prefix: String) throws -> (images: ImageSet, labels: Labels, files: [ByteFile]) {
        let imagePath = try path(prefix + "-images-idx3-ubyte")
        let (imageFile, sizes) = try openIDX(imagePath, dimensions: 3)
        let (labelFile, labelSizes) = try openIDX(path(prefix + "-labels-idx1-ubyte"), dimensions: 1)
        guard labelSizes[0] == sizes[0] else {
            throw DataError(
                labelFile.path, expected: "\(sizes[0]) labels, as \(imagePath) has images", found: "\(labelSizes[0])")
        }
        let shape = TensorShape(channels: 1, height: sizes[1], width: sizes[2])
        return (
            ImageSet(
                shape: shape,
                files: [
                    Records(file: imageFile, start: 16, stride: shape.count, length: shape.count, count: sizes[0])
                ]),
            Labels(
                classes: classNames.count, first: 0,
                files: [Records(file: labelFile, start: 8, stride: 1, length: 1, count: sizes[0])]),
            [imageFile, labelFile]
        )
    }

    let train = try part("train")
    let test = try part("t10k")
    guard test.images.shape == train.images.shape else {
        throw DataError(
            test.images.path, expected: "images of \(train.images.shape), as the training images are",
            found: "\(test.images.shape)")
    }
    return Dataset(
        name: name, folder: folder, classNames: classNames, train: (train.images, train.labels),
        test: (test.images, test.labels), idxFiles: train.files + test.files)
}

/// Opens an IDX file of bytes, plain or .gz, and checks its header and its size.
///
/// The header is big-endian: 0, 0, 8 for unsigned bytes, the number of dimensions; then each size in 4 bytes.
private func openIDX(_ path: String, dimensions: Int) throws -> (file: ByteFile, sizes: [Int]) {
    let headerBytes = 4 + 4 * dimensions
    func sizes(_ header: [UInt8]) throws -> [Int] {
        guard header[..<4].elementsEqual([0, 0, 8, UInt8(dimensions)]) else {
            throw DataError(
                path, expected: "the IDX magic 0 0 8 \(dimensions)",
                found: header[..<4].map { String($0) }.joined(separator: " "))
        }
        let sizes = (1...dimensions).map { d in Int(bigEndianBytes: header[4 * d ..< 4 * d + 4]) }
        guard sizes[0] > 0, sizes[1...].allSatisfy({ (1...4096).contains($0) }) else {
            let found = sizes.map(String.init).joined(separator: "×")
            throw DataError(path, expected: "at least one item, with sides from 1 to 4096", found: found)
        }
        return sizes
    }
    func promised(_ header: [UInt8]) throws -> Int { try sizes(header).reduce(1, *) + headerBytes }

    let isPacked = path.hasSuffix(".gz")
    let file = try isPacked ? ByteFile(inflating: path, header: headerBytes, promised: promised) : ByteFile(path: path)
    if !isPacked, let kind = file.kind, kind != .idx {
        let remedy = kind == .gzip ? ": add .gz to its name" : ""
        throw DataError(path, expected: "an IDX file", found: kind.rawValue + remedy)
    }
    guard file.size >= headerBytes else {
        throw DataError(path, expected: "an IDX header of \(headerBytes) bytes", found: "\(file.size) bytes")
    }
    let header = try file.bytes(0..<headerBytes), expected = try promised(header)
    guard file.size == expected else {
        throw DataError(path, expected: "\(expected) bytes by its header", found: "\(file.size) bytes")
    }
    return (file, try sizes(header))
}
