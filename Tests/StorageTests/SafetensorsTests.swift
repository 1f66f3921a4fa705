import Foundation
import LinearAlgebra
import Storage
import TestFiles
import Testing

@Suite struct SafetensorsTests {
    func example() -> Safetensors {
        var file = Safetensors(metadata: ["job": "rica", "note": "a \"quoted\" / name"])
        file.set("w", Matrix<Float>([[1, 2, 3], [4, 5, 6]]))
        file.set("alpha", [3, -1, 2] as [Int32])
        file.set("mean", [0.1, 1e300, -0.0] as [Double])
        file.set("flags", [1, 0, 255] as [UInt8], shape: [3, 1])
        file.set("big", [Int64.min, .max])
        file.set("none", [] as [Float])
        return file
    }

    @Test func roundTrip() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("model.safetensors")
        let written = example()
        try written.write(to: path)
        let read = try Safetensors(path: path)
        #expect(read.metadata == written.metadata)
        #expect(read.tensors.keys.sorted() == ["alpha", "big", "flags", "mean", "none", "w"])
        #expect(try read.matrix("w", as: Float.self).arrays == [[1, 2, 3], [4, 5, 6]])
        #expect(try read.matrix("w", as: Float.self, rows: 1..<2).arrays == [[4, 5, 6]])
        #expect(try read.values("alpha", as: Int32.self) == [3, -1, 2])
        #expect(try read.values("mean", as: Double.self).map(\.bitPattern) == [0.1, 1e300, -0.0].map(\.bitPattern))
        #expect(try read.values("flags", as: UInt8.self, shape: [3, 1]) == [1, 0, 255])
        #expect(try read.values("big", as: Int64.self) == [.min, .max])
        #expect(try read.values("none", as: Float.self).isEmpty)
        #expect(try folder.names == ["model.safetensors"])

        // The same content, set in another order, gives the same bytes.
        var other = Safetensors(metadata: written.metadata)
        for name in written.tensors.keys.sorted().reversed() {
            switch name {
            case "w": other.set(name, Matrix<Float>([[1, 2, 3], [4, 5, 6]]))
            case "alpha": other.set(name, [3, -1, 2] as [Int32])
            case "mean": other.set(name, [0.1, 1e300, -0.0] as [Double])
            case "flags": other.set(name, [1, 0, 255] as [UInt8], shape: [3, 1])
            case "big": other.set(name, [Int64.min, .max])
            default: other.set(name, [] as [Float])
            }
        }
        try other.write(to: folder.file("other"))
        #expect(try folder.bytes("other") == folder.bytes("model.safetensors"))
    }

    @Test func bytesByTheFormat() throws {
        let folder = try TemporaryFolder()
        var file = Safetensors(metadata: ["b": "2", "a": "1"])
        file.set("bytes", [7, 8] as [UInt8])
        let matrix = Matrix<Float>([[9, 1, 2], [9, 3, 4]])
        file.set("matrix", matrix.columns(1..<3))
        try file.write(to: folder.file("x"))
        let bytes = try folder.bytes("x")
        let length = Int(bytes[0]) + 256 * Int(bytes[1])
        #expect(bytes[2..<8].allSatisfy { $0 == 0 })
        #expect(length % 8 == 0)
        let header = String(decoding: bytes[8 ..< 8 + length], as: UTF8.self)
        #expect(
            header.trimmingCharacters(in: .whitespaces)
                == #"{"__metadata__":{"a":"1","b":"2"},"bytes":{"data_offsets":[16,18],"dtype":"U8","shape":[2]},"#
                + #""matrix":{"data_offsets":[0,16],"dtype":"F32","shape":[2,2]}}"#)
        let values: [UInt8] = [0, 0, 0x80, 0x3F, 0, 0, 0, 0x40, 0, 0, 0x40, 0x40, 0, 0, 0x80, 0x40, 7, 8]
        #expect(Array(bytes[(8 + length)...]) == values)
    }

    /// A file with checksums is the one that they would give when known beforehand, also of more than one piece.
    @Test func checksumsInTheHeader() throws {
        let folder = try TemporaryFolder()
        var file = example(), known = file
        let many = Data((0..<20_000_003).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 13) })
        let sums = ["many": checksum(many), "alpha": checksum([3, 0, 0, 0, 255, 255, 255, 255, 2, 0, 0, 0] as [UInt8])]
        file.set("many", .U8, shape: [many.count], bytes: many)
        func word(_ name: String, _ sum: UInt32) -> String { name + String(format: ": %08x", sum) }
        let header = try file.write(to: folder.file("x"), withChecksums: word)
        let read = try Safetensors(path: folder.file("x"))
        #expect(read.headerChecksum == header)
        for name in read.tensors.keys {
            let sum = try read.tensorChecksum(name), ofMemory = try file.tensorChecksum(name)
            #expect(sum == ofMemory && sum == sums[name, default: sum])
            #expect(read.metadata[name] == word(name, sum))
        }
        known.set("many", .U8, shape: [many.count], bytes: many)
        known.metadata = read.metadata
        #expect(known.metadata["job"] == "rica")
        try known.write(to: folder.file("y"))
        #expect(try folder.bytes("x") == folder.bytes("y"))
        #expect(try folder.names == ["x", "y"])
    }

    @Test func wrongFiles() throws {
        func file(_ header: String, data: Int, length: Int? = nil) -> [UInt8] {
            let length = length ?? header.utf8.count
            return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + Array(header.utf8)
                + [UInt8](repeating: 1, count: data)
        }
        func tensor(_ type: String, _ shape: String, _ offsets: String) -> String {
            #"{"a":{"dtype":"\#(type)","shape":\#(shape),"data_offsets":\#(offsets)}}"#
        }
        let good = tensor("F32", "[2,2]", "[0,16]")
        let cases: [(bytes: [UInt8], part: String)] = [
            ([1, 2, 3], "found 3 bytes"),
            (file(good, data: 16, length: 5000), "found one of 5000"),
            (file(good, data: 16, length: -1), "found one of 18446744073709551615"),
            (file(good, data: 16, length: .max), "found one of 9223372036854775807"),
            (file("not json", data: 0), "other text"),
            (file(#"{"a":{"dtype":"F32"}}"#, data: 0), "other text"),
            (file(good, data: 15), "expected 16 bytes of data or more, to hold a, found 15"),
            (file(good, data: 17), "expected \(8 + good.utf8.count + 16) bytes by its header"),
            (file(tensor("BF16", "[2,2]", "[0,8]"), data: 8), "found BF16"),
            (file(tensor("F32", "[2,2]", "[0,12]"), data: 12), "[0, 12]"),
            (file(tensor("F32", "[2,2]", "[4,20]"), data: 20), "[4, 20]"),
            (file(tensor("F32", "[2,2]", "[0]"), data: 16), "[0]"),
            (file(tensor("F32", "[-2,-2]", "[0,16]"), data: 16), "[-2, -2]"),
            (file(tensor("F32", "[4611686018427387904,4]", "[0,16]"), data: 16), "4611686018427387904"),
            (file(tensor("F32", "[0,2305843009213693952]", "[0,0]"), data: 0), "the shape [0, 2305843009213693952]"),
            (
                file(tensor("F32", "[2147483647,2147483647,2147483647]", "[0,16]"), data: 16),
                "dimensions from 0 to 2147483647"
            ),
            (file(tensor("F32", "[0,-1]", "[0,0]"), data: 0), "the shape [0, -1]"),
            (file(tensor("F32", "[2,2]", "[0,9223372036854775807]"), data: 16), "offsets [0, 9223372036854775807]"),
            (
                file(tensor("F32", "[2,2]", "[9223372036854775807,-9223372036854775808]"), data: 16),
                "offsets [9223372036854775807"
            ),
            (file(tensor("F32", "[2,2]", "[0,9223372036854775808]"), data: 16), "other text"),
            (
                file(
                    tensor("F32", "[2,2]", "[0,16]").replacing(
                        "}}", with: "},\"a\":" + tensor("F32", "[4]", "[0,16]").dropFirst(5)), data: 16),
                "each name once"
            ),
            (file(#"{"__metadata__":{"x":"1","x":"2"}}"#, data: 0), "each name once"),
            (file(#"{"__metadata__":{"x":1}}"#, data: 0), "other text"),
            (file(tensor("F32", "[2,2],\"more\":1", "[0,16]"), data: 16), "each name once, and no others"),
            (file(tensor(#"\u0007"#, "[2,2]", "[0,16]"), data: 16), #"found \u{07}"#),
            (file(String(repeating: "[", count: 1_000_000), data: 0), "other text"),
            (file(String(repeating: #"{"a":"#, count: 200_000), data: 0), "other text"),
            (file("{}", data: 1), "expected 10 bytes by its header"),
            (Array("<!DOCTYPE html><html>".utf8), "found an HTML page"),
            ([0x1F, 0x8B, 8, 0, 1, 2, 3, 4, 5], "found gzip-compressed data"),
        ]
        let folder = try TemporaryFolder()
        for (bytes, part) in cases {
            try folder.write("x", bytes)
            expectDataError(naming: folder.file("x"), part) { _ = try Safetensors(path: folder.file("x")) }
        }
        try folder.write("x", file(good, data: 16))
        _ = try Safetensors(path: folder.file("x"))
        expectDataError(naming: folder.file("y"), "found none") { _ = try Safetensors(path: folder.file("y")) }
    }

    /// The names that are counted are those outside of strings.
    @Test func namesOfAnyKind() throws {
        let folder = try TemporaryFolder()
        var file = Safetensors(metadata: [#"a:"b\":{"#: #"":\":"#, "": ":"])
        file.set(#"x":"\"#, [1, 2] as [Float])
        try file.write(to: folder.file("x"))
        let read = try Safetensors(path: folder.file("x"))
        #expect(read.metadata == file.metadata)
        #expect(try read.values(#"x":"\"#, as: Float.self) == [1, 2])
        try folder.write("x", [24, 0, 0, 0, 0, 0, 0, 0] + Array(#"{"__metadata__" : {} }   "#.utf8.prefix(24)))
        #expect(try Safetensors(path: folder.file("x")).metadata.isEmpty)
    }

    @Test func aHeaderOfMoreThanTheFormatAllows() throws {
        let folder = try TemporaryFolder()
        try folder.write("x", [1, 0xE1, 0xF5, 5, 0, 0, 0, 0])
        #expect(truncate(folder.file("x"), 1 << 30) == 0)  // zeros that take no space
        expectDataError(naming: folder.file("x"), "at most 100000000 bytes, found one of 100000001") {
            _ = try Safetensors(path: folder.file("x"))
        }
    }

    @Test(arguments: [Float.nan, .infinity, -.infinity])
    func numbersThatAreNotFinite(value: Float) throws {
        let folder = try TemporaryFolder()
        var file = Safetensors()
        file.set("w", Matrix<Float>([[1, 2], [3, value]]))
        file.set("mean", [1, Double(value)])
        try file.write(to: folder.file("x"))
        let read = try Safetensors(path: folder.file("x"))
        expectDataError(naming: folder.file("x"), "w of finite numbers, found \(value) at position 3") {
            _ = try read.values("w", as: Float.self)
        }
        expectDataError(naming: "w of finite numbers, found \(value) at position 3") {
            _ = try read.matrix("w", as: Float.self, rows: 1..<2)
        }
        expectDataError(naming: "mean of finite numbers, found \(value) at position 1") {
            _ = try read.values("mean", as: Double.self)
        }
        #expect(try read.matrix("w", as: Float.self, rows: 0..<1).arrays == [[1, 2]])
    }

    @Test func aPipeInPlaceOfAFile() throws {
        let folder = try TemporaryFolder()
        #expect(mkfifo(folder.file("x"), 0o600) == 0)
        expectDataError(naming: "\(folder.file("x")): expected a file, found something else of that name") {
            _ = try Safetensors(path: folder.file("x"))
        }
        expectDataError(naming: "/dev/zero: expected a file, found something else of that name") {
            _ = try Safetensors(path: "/dev/zero")
        }
    }

    @Test func wrongUse() throws {
        let folder = try TemporaryFolder()
        try example().write(to: folder.file("x"))
        let read = try Safetensors(path: folder.file("x"))
        expectDataError(naming: folder.file("x"), "a tensor v", "alpha, big") {
            _ = try read.values("v", as: Float.self)
        }
        expectDataError(naming: "w of type F64", "F32") { _ = try read.values("w", as: Double.self) }
        expectDataError(naming: "[3, 2]", "[2, 3]") { _ = try read.values("w", as: Float.self, shape: [3, 2]) }
        expectDataError(naming: "two dimensions", "[3]") { _ = try read.matrix("mean", as: Double.self) }
    }
}
