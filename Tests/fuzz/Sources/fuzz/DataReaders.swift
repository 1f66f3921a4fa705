import CFuzz
import Datasets
import Foundation

/// What a job does with a data set before it trains on it: the checks, and all images as a network's inputs.
private func open(_ name: String, in folder: Folder) throws -> Dataset {
    let set = try Dataset.open(name, data: folder.path)
    try set.checkLabels()
    try set.checkImages()
    _ = try set.checkOrigin()
    for (images, labels) in [set.train, set.test] {
        _ = try ImageSamples(images, labels, range: 0..<images.count)
    }
    return set
}

private func pixels(_ images: ImageSet) -> [UInt8] {
    let size = images.count * images.shape.count
    return [UInt8](unsafeUninitializedCapacity: size) { buffer, filled in
        do { try images.read(0..<images.count, into: buffer) } catch { finding("accepted, but not read: \(error)") }
        filled = size
    }
}

private func idxHeader(_ sizes: [Int]) -> [UInt8] {
    [0, 0, 8, UInt8(sizes.count)] + sizes.flatMap { UInt32($0).bigEndianBytes }
}

/// Files of a set in the IDX format: of 5 images of 3×4, of their labels.
private let idxImages = idxHeader([5, 3, 4]) + (0..<60).map { UInt8(3 * $0) }
private let idxLabels = idxHeader([5]) + [0, 9, 1, 1, 2]

private func idxFolder(_ folder: Folder, suffix: String = "") throws {
    for name in ["images-idx3-ubyte" + suffix, "labels-idx1-ubyte"] {
        try folder.link("t10k-\(name)", to: "train-\(name)")
    }
}

/// An input is a file of images or, where its magic says so, of labels; the other file is made to fit its count.
func idxReader(_ folder: Folder) throws -> Reader {
    try idxFolder(folder)
    return Reader(longest: 2048, seeds: [idxImages, idxLabels, idxHeader([1, 1, 1]) + [7]]) { bytes in
        let holdsLabels = bytes.count > 3 && bytes[3] == 1
        let count = bytes.count < 8 ? 0 : min(bytes[4..<8].bigEndian, 4096)
        let (images, labels) =
            holdsLabels
            ? (idxHeader([count, 1, 1]) + (0..<count).map { UInt8(truncatingIfNeeded: $0) }, bytes)
            : (bytes, idxHeader([count]) + [UInt8](repeating: 9, count: count))
        folder.write("train-images-idx3-ubyte", images)
        folder.write("train-labels-idx1-ubyte", labels)
        guard let set = Memory.ofBytes.watch(images.count + labels.count, { try open("mnist", in: folder) }) else {
            return
        }
        let shape = set.shape
        expect(16 + set.train.images.count * shape.count == images.count, "accepted \(images.count) bytes of images")
        expect(8 + set.train.labels.count == labels.count, "accepted \(labels.count) bytes of labels")
        expect(
            [shape.height, shape.width] == [images[8..<12].bigEndian, images[12..<16].bigEndian], "other sides")
        expect(pixels(set.train.images).elementsEqual(images[16...]), "other pixels")
    }
}

private func member(_ bytes: [UInt8]) -> [UInt8] {
    let room = bytes.count + 1024
    return [UInt8](unsafeUninitializedCapacity: room) { buffer, filled in
        filled = gzip_member(bytes, bytes.count, buffer.baseAddress!, room)
    }
}

/// An input is a .gz file of images; one that does not begin as such is its content, compressed here as two members.
func gzipReader(_ folder: Folder) throws -> Reader {
    try idxFolder(folder, suffix: ".gz")
    folder.write("train-labels-idx1-ubyte", idxLabels)
    // No more comes out of deflate than 1032 times what went in; two buffers of 256 kB are there at a time.
    let memory = Memory(factor: 1032, always: 1 << 20)
    let seeds = [member(idxImages), member(Array(idxImages[..<20])) + member(Array(idxImages[20...])), idxImages]
    return Reader(longest: 1024, seeds: seeds) { bytes in
        var file = bytes
        if !bytes.starts(with: [0x1F, 0x8B]) {
            let cut = bytes.count / 3
            file = member(Array(bytes[..<cut])) + member(Array(bytes[cut...]))
        }
        folder.write("train-images-idx3-ubyte.gz", file)
        guard let set = memory.watch(2 * file.count, { try open("mnist", in: folder) }) else { return }
        let size = 16 + set.train.images.count * set.shape.count
        let content = [UInt8](unsafeUninitializedCapacity: size + 1) { buffer, filled in
            filled = max(0, gzip_content(folder.file("train-images-idx3-ubyte.gz"), buffer.baseAddress!, size + 1))
        }
        expect(content.count == size, "accepted as \(size) bytes of content, which zlib says are \(content.count)")
        expect(pixels(set.train.images).elementsEqual(content[16...]), "other pixels")
    }
}

/// An input is a file of records, five times for training, and for testing.
func cifar10Reader(_ folder: Folder) throws -> Reader {
    for number in 1...5 { try folder.link("data_batch_\(number).bin", to: "test_batch.bin") }
    let record = 3073
    let one = [3] + (0..<record - 1).map { UInt8(truncatingIfNeeded: $0) }
    return Reader(longest: 2 * record + 8, seeds: [one, one + [9] + one.dropFirst()]) { bytes in
        folder.write("test_batch.bin", bytes)
        guard let set = Memory.ofBytes.watch(6 * bytes.count, { try open("cifar10", in: folder) }) else { return }
        let count = bytes.count / record
        expect(count * record == bytes.count && count > 0, "accepted \(bytes.count) bytes")
        expect((set.train.images.count, set.test.images.count) == (5 * count, count), "another count")
        let labels = try set.test.labels.labels(0..<count)
        expect(labels.indices.allSatisfy { labels[$0] == Int32(bytes[$0 * record]) }, "other labels")
        let planes = (0..<count).flatMap { bytes[$0 * record + 1..<($0 + 1) * record] }
        expect(pixels(set.test.images) == planes, "other pixels")
    }
}

private let stl10Image = 3 * 96 * 96

private func stl10Folder(_ folder: Folder, images: Int) throws {
    // A pixel that is not 0, since a set of one constant value is refused; the files are sparse.
    folder.write("train_X.bin", [1], size: images * stl10Image)
    folder.write("train_y.bin", [UInt8](repeating: 10, count: images))
    folder.write("fold_indices.txt", "0\n")
    for (name, other) in [
        ("test_X.bin", "train_X.bin"), ("unlabeled_X.bin", "train_X.bin"), ("test_y.bin", "train_y.bin"),
    ] { try folder.link(name, to: other) }
}

/// An input is the size of a file of images in four bytes, up to eight images and some bytes, and their labels.
func stl10Reader(_ folder: Folder) throws -> Reader {
    try stl10Folder(folder, images: 1)
    let seeds = [1, 3].map { count in
        UInt32(count * stl10Image).bigEndianBytes + (0..<count).map { UInt8($0 % 10 + 1) }
    }
    return Reader(longest: 64, seeds: seeds) { bytes in
        let size = bytes.prefix(4).bigEndian % (8 * stl10Image + 2)
        let labels = bytes.dropFirst(4)
        folder.write("train_X.bin", size > 0 ? [1] : [], size: size)
        folder.write("train_y.bin", labels)
        guard let set = Memory.ofBytes.watch(3 * size + 2 * labels.count, { try open("stl10", in: folder) }) else {
            return
        }
        let count = size / stl10Image
        expect(count * stl10Image == size && count > 0 && labels.count == count, "accepted \(size) bytes")
        expect((set.train.images.count, set.unlabelled.count) == (count, count), "another count")
        expect(try set.train.labels.labels(0..<count).elementsEqual(labels.map { Int32($0) - 1 }), "other labels")
    }
}

/// An input is the folds of a set of 20 images.
func foldsReader(_ folder: Folder) throws -> Reader {
    try stl10Folder(folder, images: 20)
    let seeds = ["0 1 2\n3 4 19\n", "5\r\n6\r\n\u{1A}", "\u{FEFF}7 \t8\n"].map { Array($0.utf8) }
    let words = ["\u{FEFF}", "\u{1A}", "\u{2028}", "\r\n", "19", "20", "-0", "+1", "9223372036854775808"]
    return Reader(longest: 2048, seeds: seeds, words: words) { bytes in
        folder.write("fold_indices.txt", bytes)
        guard let set = Memory.ofText.watch(bytes.count, { try Dataset.open("stl10", data: folder.path) }) else {
            return
        }
        let folds = set.folds ?? []
        expect((1...1000).contains(folds.count) && !folds[0].isEmpty, "no folds")
        expect(folds.allSatisfy { $0.count == folds[0].count && Set($0).count == $0.count }, "folds of other lengths")
        expect(folds.joined().allSatisfy((0..<20).contains), "an index of no image")
        let numbers = String(decoding: bytes, as: UTF8.self).unicodeScalars
            .split { !(48...57).contains($0.value) }.compactMap { Int(String($0)) }
        expect(numbers == Array(folds.joined()), "\(folds.joined().count) indices of \(numbers.count) numbers")
    }
}

/// An input is the names of the classes.
func classNamesReader(_ folder: Folder) throws -> Reader {
    try stl10Folder(folder, images: 1)
    let seeds = [(0..<10).map { "name \($0)\n" }.joined(), (0..<10).map { "\($0)\r\n" }.joined() + "\u{1A}"]
    let words = ["\u{FEFF}", "\u{1A}", "\u{2028}", "\r\n", "\u{301}"]
    return Reader(longest: 512, seeds: seeds.map { Array($0.utf8) }, words: words) { bytes in
        folder.write("class_names.txt", bytes)
        guard let set = Memory.ofText.watch(bytes.count, { try Dataset.open("stl10", data: folder.path) }) else {
            return
        }
        expect(set.classNames.count == 10 && !set.classNames.contains(""), "accepted \(set.classNames)")
    }
}
