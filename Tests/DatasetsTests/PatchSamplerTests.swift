import Datasets
import LinearAlgebra
import TestFiles
import Testing

@Suite struct PatchSamplerTests {
    /// A CIFAR-10 set whose training images are 25 of random bytes.
    static func makeSet(in folder: TemporaryFolder) throws -> Dataset {
        for file in 1...5 {
            let records = (0..<5).flatMap { [UInt8(0)] + randomBytes(3072, seed: UInt64(5 * file + $0)) }
            try folder.write("data_batch_\(file).bin", records)
        }
        try folder.write("test_batch.bin", [UInt8](repeating: 0, count: 3073))
        return try Dataset.open("cifar10", data: folder.path)
    }

    @Test(arguments: [1, 6, 32])
    func valuesAreTheImages(size: Int) throws {
        let folder = try TemporaryFolder()
        let images = try Self.makeSet(in: folder).train.images
        let sampler = PatchSampler(images: images, size: size, seed: 7)
        let patches = try sampler.read(10..<90)
        #expect(patches.rows == 80 && patches.columns == 3 * size * size)
        let pixels = try images.arrays(0..<25)
        for m in 10..<90 {
            let place = sampler.position(of: m)
            var expected: [Float] = []
            for channel in 0..<3 {
                for row in 0..<size {
                    for column in 0..<size {
                        let at = (channel * 32 + place.row + row) * 32 + place.column + column
                        expected.append(Float(pixels[place.image][at]))
                    }
                }
            }
            #expect(Array(patches.row(m - 10)) == expected)
        }
    }

    @Test func patchesDoNotDependOnTheRange() throws {
        let folder = try TemporaryFolder()
        let images = try Self.makeSet(in: folder).train.images
        let sampler = PatchSampler(images: images, size: 5, seed: 3)
        let whole = try sampler.read(0..<100).arrays
        for parts in [1, 2, 3, 7] {
            let cut = try (0..<parts).flatMap { try sampler.read($0 * 100 / parts ..< ($0 + 1) * 100 / parts).arrays }
            #expect(cut == whole)
        }
        #expect(try sampler.read(4..<4).rows == 0)
        #expect(try PatchSampler(images: images, size: 5, seed: 3).read(0..<100).arrays == whole)
        #expect(try PatchSampler(images: images, size: 5, seed: 4).read(0..<100).arrays != whole)
    }

    @Test func positionsAreUniformAndIndependent() throws {
        let folder = try TemporaryFolder()
        let images = try Self.makeSet(in: folder).train.images
        let sampler = PatchSampler(images: images, size: 28, seed: 1)
        let count = 25_000
        var ofImage = [Int](repeating: 0, count: 25), ofPlace = ofImage, ofImageAndRow = ofImage,
            ofImageAndColumn = ofImage
        for m in 0..<count {
            let place = sampler.position(of: m)
            ofImage[place.image] += 1
            ofPlace[place.row * 5 + place.column] += 1
            // One draw used twice would tie a row to a run of five images.
            ofImageAndRow[place.image / 5 * 5 + place.row] += 1
            ofImageAndColumn[place.image / 5 * 5 + place.column] += 1
        }
        // Six standard deviations of a binomial count.
        for counts in [ofImage, ofPlace, ofImageAndRow, ofImageAndColumn] {
            let p = 1 / Double(counts.count)
            let spread = 6 * (Double(count) * p * (1 - p)).squareRoot()
            #expect(counts.allSatisfy { abs(Double($0) - Double(count) * p) < spread })
        }
    }
}
