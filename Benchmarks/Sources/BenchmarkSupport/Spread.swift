import Foundation

/// Times of one thing over the rounds of a run, in milliseconds.
public struct Spread {
    public private(set) var values: [Double] = []

    public init() {}
    public mutating func add(_ milliseconds: Double) { values.append(milliseconds) }

    public var median: Double {
        let sorted = values.sorted(), middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }
    public var minimum: Double { values.min()! }
    public var maximum: Double { values.max()! }
}

/// Milliseconds that a call takes.
public func milliseconds(_ body: () -> Void) -> Double { ContinuousClock().measure(body) / .milliseconds(1) }
