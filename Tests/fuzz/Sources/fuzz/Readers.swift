/// All readers, by the names that scripts/fuzz knows.
let readers: [(name: String, make: @Sendable (Folder) throws -> Reader)] = [
    ("idx", idxReader), ("gzip", gzipReader), ("cifar10", cifar10Reader), ("stl10", stl10Reader),
    ("folds", foldsReader), ("class-names", classNamesReader),
    ("safetensors", safetensorsReader), ("model", modelReader), ("init", initReader),
    ("run", runReader), ("result", resultReader), ("lock", lockReader),
    ("metrics", metricsReader),
    ("scaling", scalingReader), ("measurements", measurementsReader), ("steps", stepsReader),
    ("manifest", manifestReader), ("part", partReader),
]

extension FixedWidthInteger {
    /// Its bytes, the most significant first.
    var bigEndianBytes: [UInt8] { withUnsafeBytes(of: bigEndian) { Array($0) } }
    /// Its bytes, the least significant first.
    var littleEndianBytes: [UInt8] { withUnsafeBytes(of: littleEndian) { Array($0) } }
}

extension Collection<UInt8> {
    /// The number whose bytes these are, the most significant first.
    var bigEndian: Int { reduce(0) { $0 << 8 | Int($1) } }
}

/// The lines of a table that are not empty, with the first.
func filledLines(_ bytes: [UInt8]) -> Int {
    let text = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes[3...] : bytes[...]
    return text.split(separator: UInt8(ascii: "\n")).count { $0 != [UInt8(ascii: "\r")] }
}
