import CKernels

/// Random numbers addressed by what they are for, not by who draws them or when.
///
/// A number is a function of (seed, purpose, stream, index): the counter-based generator Philox4x32-10 (Salmon, Moraes,
/// Dror & Shaw, SC 2011). So a draw depends on no other draw, and never on the rank count.
public struct RandomStream: Sendable {
    /// What a stream is drawn for. Each purpose has streams of its own.
    public struct Purpose: Sendable {
        let code: UInt32
        public init(_ code: UInt32) { self.code = code }
        /// Where a column's α are; one stream a column.
        public static let alpha = Purpose(1)
        /// The values that training starts from.
        public static let initialValues = Purpose(2)
        /// Which patch of which image; one index a patch.
        public static let patches = Purpose(3)
        /// The split of `--validate`.
        public static let validation = Purpose(4)
        /// The order of the samples in an epoch; one stream an epoch.
        public static let order = Purpose(5)
        /// Which units are dropped; one stream a layer.
        public static let dropout = Purpose(6)
        /// Dictionaries that are drawn; one stream a column.
        public static let dictionary = Purpose(7)
        /// Where the low-rank approximation of a gradient begins; one stream per parameter.
        public static let approximation = Purpose(8)
        /// How training images are changed; three indices for each image that is seen.
        public static let augmentation = Purpose(9)
        /// The training images that are used.
        public static let subset = Purpose(10)
    }

    public let seed: UInt64
    let purpose: Purpose
    let stream: UInt32

    public init(seed: UInt64, purpose: Purpose, stream: Int = 0) {
        self.seed = seed
        self.purpose = purpose
        self.stream = UInt32(stream)
    }

    /// The 64 random bits at an index.
    public func bits(at index: Int) -> UInt64 {
        ck_random_bits(seed, purpose.code, stream, UInt64(index))
    }

    /// A whole number in 0..<bound at an index: the high word of bits × bound, whose bias is below bound / 2⁶⁴.
    public func integer(below bound: Int, at index: Int) -> Int {
        precondition(bound > 0)
        return Int(bits(at: index).multipliedFullWidth(by: UInt64(bound)).high)
    }

    /// Standard normal numbers for the indices `start ..< start + buffer.count` (Box–Muller, a pair of uniforms
    /// each).
    public func fillNormal(_ buffer: UnsafeMutableBufferPointer<Float>, from start: Int = 0) {
        guard let base = buffer.baseAddress else { return }
        ck_random_normal(seed, purpose.code, stream, UInt64(start), base, buffer.count)
    }

    /// Numbers drawn uniformly from a range, for the indices `start ..< start + buffer.count`: 2²⁴ equally likely
    /// ones, from 32 bits each.
    ///
    /// Four numbers share a block of the generator, so they are not independent of `bits` and `fillNormal` of the same
    /// stream: draw one kind from a stream.
    public func fillUniform(_ buffer: UnsafeMutableBufferPointer<Float>, from start: Int = 0, in range: Range<Float>) {
        precondition(!range.isEmpty, "no numbers in \(range)")
        guard let base = buffer.baseAddress else { return }
        let low = range.lowerBound, high = range.upperBound
        ck_random_uniform(seed, purpose.code, stream, UInt64(start), base, buffer.count, low, high - low, high.nextDown)
    }

    /// `count` different numbers of 0..<bound in ascending order, drawn uniformly with the indices from `start` on.
    public func sample(_ count: Int, below bound: Int, from start: Int = 0) -> [Int] {
        precondition(count >= 0 && count <= bound)
        return shuffled(count, of: bound, from: start)[..<count].sorted()
    }

    /// The numbers 0..<count in random order, every order equally likely.
    public func permutation(of count: Int) -> [Int] { shuffled(count, of: count, from: 0) }

    /// 0..<bound with its first `count` places drawn from all (Fisher–Yates).
    private func shuffled(_ count: Int, of bound: Int, from start: Int) -> [Int] {
        var pool = Array(0..<bound)
        for i in 0..<count { pool.swapAt(i, i + integer(below: bound - i, at: start + i)) }
        return pool
    }
}
