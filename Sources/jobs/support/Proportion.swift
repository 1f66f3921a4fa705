import ArgumentParser

/// A proportion in (0, 1], written as a number or as a fraction: 0.5, 20/784.
public struct Proportion: ExpressibleByArgument, Sendable {
    public let value: Double

    public init?(argument: String) {
        let parts = argument.split(separator: "/", omittingEmptySubsequences: false).map { Double($0) }
        let value: Double
        switch parts.count {
        case 1: value = parts[0] ?? .nan
        case 2: value = (parts[0] ?? .nan) / (parts[1] ?? .nan)
        default: return nil
        }
        guard value > 0, value <= 1 else { return nil }
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
