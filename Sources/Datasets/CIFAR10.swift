import LinearAlgebra
import Storage

extension DatasetKind {
    static let cifar10 = DatasetKind(name: "cifar10") { data in
        try openCIFAR10(
            in: findFolder(
                of: PublicSet(
                    title: "CIFAR-10", folder: "cifar-10-batches-bin", files: ["data_batch_1.bin", "test_batch.bin"],
                    nearMisses: [
                        ("cifar-10-binary.tar.gz", "unpack it"),
                        ("cifar-10-batches-py", "it is the Python version, the binary one is needed"),
                    ],
                    source: "cifar-10-binary.tar.gz from Alex Krizhevsky's page at Toronto, "
                        + "https://www.cs.toronto.edu/~kriz/cifar.html"),
                data: data))
    }
}

/// CIFAR-10, binary version (Krizhevsky 2009): records of a label 0 to 9 and 32×32 colour pixels as three planes.
private func openCIFAR10(in folder: String) throws -> Dataset {
    let shape = TensorShape(channels: 3, height: 32, width: 32)
    let record = 1 + shape.count

    func part(_ names: [String]) throws -> (images: ImageSet, labels: Labels) {
        let files = try names.map { name in
            let file = try ByteFile(path: folder + "/" + name)
            guard file.size > 0, file.size % record == 0 else {
                throw DataError(
                    file.path, expected: "a whole number of records of \(record) bytes, at least one",
                    found: file.kind?.rawValue
                        ?? "\(file.size) bytes, \(file.size / record) records and \(file.size % record) bytes more")
            }
            return file
        }
        func records(start: Int, length: Int) -> [Records] {
            files.map { Records(file: $0, start: start, stride: record, length: length, count: $0.size / record) }
        }
        return (
            ImageSet(shape: shape, files: records(start: 1, length: shape.count)),
            Labels(classes: 10, first: 0, files: records(start: 0, length: 1))
        )
    }

    let names = folder + "/batches.meta.txt"
    return Dataset(
        name: "cifar10", folder: folder,
        classNames: try isFile(names)
            ? readClassNames(names)
            : ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"],
        train: try part((1...5).map { "data_batch_\($0).bin" }), test: try part(["test_batch.bin"]))
}
