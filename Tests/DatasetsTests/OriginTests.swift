import Datasets
import TestFiles
import Testing

/// Small files that have the CRC-32 of a published one: 40 labels, or 40 images of one pixel.
@Suite struct OriginTests {
    private static let published = [
        "mnist/train-images-idx3-ubyte": "1010010011101001101011010010000000000000",
        "mnist/train-labels-idx1-ubyte": "1101011010010001110001011111010000000000",
        "mnist/t10k-images-idx3-ubyte": "0010001001001110000010010111001100000000",
        "mnist/t10k-labels-idx1-ubyte": "0011001111010000001111010011111000000000",
        "fashion-mnist/train-images-idx3-ubyte": "1010010110010010011000010111111000000000",
        "fashion-mnist/train-labels-idx1-ubyte": "0001000101001001011011010110101000000000",
        "fashion-mnist/t10k-images-idx3-ubyte": "0101001100101101011001011111100000000000",
        "fashion-mnist/t10k-labels-idx1-ubyte": "0001000101010111110101100010010100000000",
    ]
    private static let names = ["train", "t10k"].flatMap { ["\($0)-images-idx3-ubyte", "\($0)-labels-idx1-ubyte"] }

    private func content(_ set: String, _ name: String) -> [UInt8] {
        let header: [UInt8] =
            name.contains("images") ? [0, 0, 8, 3, 0, 0, 0, 40, 0, 0, 0, 1, 0, 0, 0, 1] : [0, 0, 8, 1, 0, 0, 0, 40]
        return header + Self.published["\(set)/\(name)"]!.map { $0 == "1" ? 1 : 0 }
    }

    private func folder(_ set: String, but others: [String: String] = [:]) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        for name in Self.names { try folder.write(name, content(others[name] ?? set, name)) }
        return folder
    }

    @Test(arguments: [("mnist", "fashion-mnist"), ("fashion-mnist", "mnist")])
    func theOtherSetIsRefused(name: String, other: String) throws {
        let right = try folder(name), wrong = try folder(other)
        #expect(try Dataset.open(name, data: right.path).checkOrigin().isEmpty)
        let set = try Dataset.open(name, data: wrong.path)
        expectDataError(
            naming: "\(wrong.path): expected the files of \(name), found those of \(other)", "--dataset \(other)"
        ) {
            _ = try set.checkOrigin()
        }
    }

    @Test(arguments: names)
    func oneFileOfTheOtherSetIsNamed(name: String) throws {
        let mixed = try folder("mnist", but: [name: "fashion-mnist"])
        let warnings = try Dataset.open("mnist", data: mixed.path).checkOrigin()
        #expect(
            warnings == ["\(mixed.file(name)): expected a file of mnist, found the one of fashion-mnist, by its CRC-32"]
        )
    }

    @Test func inflatedContentIsCompared() throws {
        let packed = try TemporaryFolder()
        for name in Self.names { try packed.writeGzip(name + ".gz", content("fashion-mnist", name)) }
        let set = try Dataset.open("mnist", data: packed.path)
        expectDataError(naming: packed.path) { _ = try set.checkOrigin() }
    }

    @Test func filesThatNobodyPublishedPass() throws {
        #expect(try Dataset.open("sample").checkOrigin().isEmpty)
        let own = try folder("mnist")
        try own.write(Self.names[0], Array(content("mnist", Self.names[0]).dropLast()) + [9])
        #expect(try Dataset.open("mnist", data: own.path).checkOrigin().isEmpty)
    }
}
