import Datasets

extension ImageSet {
    /// Images as arrays of bytes.
    func arrays(_ range: Range<Int>) throws -> [[UInt8]] {
        var bytes = [UInt8](repeating: 0, count: range.count * shape.count)
        try bytes.withUnsafeMutableBufferPointer { try read(range, into: $0) }
        return (0..<range.count).map { Array(bytes[$0 * shape.count ..< ($0 + 1) * shape.count]) }
    }
}
