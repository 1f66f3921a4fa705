import DataParallel
import Foundation
import Layers
import LinearAlgebra
import Parallel
import Runs

/// A row of bandwidth.csv: how long sums of one length take on all ranks.
public struct AllReduceTimes: Sendable {
    /// Whose sum it is.
    public let algorithm: AllReduceAlgorithm
    /// The bytes of a rank's buffer.
    public let bytes: Int
    /// Sums that were measured.
    public let iterations: Int
    /// Seconds, over iterations; an iteration takes as long as it does on its slowest rank.
    public let min, p50, p99, max: Double
    private let ranks: Int

    /// Bytes a second by the median.
    public var algorithmicBandwidth: Double { Double(bytes) / p50 }
    /// What a rank sends a second, nominally: 2(P−1)/P of the above, to be held against a link's rate.
    public var busBandwidth: Double { algorithmicBandwidth * 2 * Double(ranks - 1) / Double(ranks) }

    /// Measures sums of zeros, each after a barrier, a tenth of them before it counts. Collective. Memory: a buffer of
    /// `bytes`.
    ///
    /// - Parameter bytes: a multiple of 4.
    /// - Throws: `MPIError`.
    public init(_ algorithm: AllReduceAlgorithm, bytes: Int, communicator: Communicator) throws {
        self.algorithm = algorithm
        self.bytes = bytes
        ranks = communicator.size
        iterations = AllReduceTimes.iterations(bytes: bytes)
        let buffer = Matrix<Float>(rows: 1, columns: bytes / 4)
        let sum = FlatSum(count: buffer.columns, algorithm: algorithm, communicator: communicator)
        let clock = ContinuousClock(), warmUp = iterations / 10 + 1
        var seconds = [Double](repeating: 0, count: iterations)
        for number in 0..<warmUp + iterations {
            try communicator.barrier()
            let begin = clock.now
            try sum.sum(buffer.elements)
            if number >= warmUp { seconds[number - warmUp] = (clock.now - begin).seconds }
        }
        try seconds.withUnsafeMutableBufferPointer { try communicator.allReduce(inPlace: $0, .max) }
        seconds.sort()
        (min, max) = (seconds[0], seconds[iterations - 1])
        p50 = Statistics.quantile(0.5, ofSorted: seconds)
        p99 = Statistics.quantile(0.99, ofSorted: seconds)
    }

    /// 10 to 1000, so that no size takes much longer than others.
    private static func iterations(bytes: Int) -> Int { Swift.min(1000, Swift.max(10, (1 << 26) / bytes)) }

    /// 4 bytes and four times as many up to the largest, and others beside them; ascending.
    public static func sizes(through largest: Int, and others: [Int]) -> [Int] {
        Set(sequence(first: 4) { 4 * $0 }.prefix { $0 <= largest } + others).sorted()
    }

    /// The columns of bandwidth.csv; bandwidths are bytes a second.
    public static let columnNames = [
        "link", "ranks", "hosts", "algorithm", "bytes", "iterations", "min", "p50", "p99", "max", "algbw", "busbw",
    ]
    /// The columns that tell rows apart.
    public static let key = ["link", "ranks", "hosts", "algorithm", "bytes"]

    /// Values of the columns, times with nine decimals.
    public func fields(link: String, placement: Placement) -> [String] {
        [link, "\(placement.ranks)", "\(placement.hosts)", algorithm.rawValue, "\(bytes)", "\(iterations)"]
            + [min, p50, p99, max].map { String(format: "%.9f", $0) }
            + [algorithmicBandwidth, busBandwidth].map { String(format: "%.0f", $0) }
    }
}
