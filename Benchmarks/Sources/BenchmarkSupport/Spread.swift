import Foundation
import Runs

/// Times of one thing over the rounds of a run, in milliseconds.
public struct Spread {
    public private(set) var values: [Double] = []

    public init() {}
    public mutating func add(_ milliseconds: Double) { values.append(milliseconds) }

    public var median: Double { Statistics.median(values)! }
    public var minimum: Double { values.min()! }
    public var maximum: Double { values.max()! }
}

/// Milliseconds that a call takes.
public func milliseconds(_ body: () -> Void) -> Double { ContinuousClock().measure(body) / .milliseconds(1) }
