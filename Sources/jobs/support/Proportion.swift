import ArgumentParser
import Layers

/// A proportion in (0, 1], written as a number or as a fraction: 0.5, 20/784.
public struct Proportion: ExpressibleByArgument, Sendable {
    public let value: Double

    public init?(argument: String) {
        guard let value = WeightSpec.proportion(argument) else { return nil }
        self.value = value
    }
}

/// Two proportions, the first the smaller one, written as 0.05:0.5.
public struct GrowingProportion: ExpressibleByArgument, Sendable {
    /// Learned in the first stage, and in the last.
    public let first: Double
    public let last: Double

    public init?(argument: String) {
        let parts = argument.split(separator: ":", omittingEmptySubsequences: false).map {
            Proportion(argument: String($0))?.value
        }
        guard parts.count == 2, let first = parts[0], let last = parts[1], first < last else { return nil }
        self.first = first
        self.last = last
    }
}
