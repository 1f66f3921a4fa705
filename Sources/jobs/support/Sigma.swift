import ArgumentParser

/// `--sigma`: a number of pixels, or tied to the density of α.
public struct Sigma: ExpressibleByArgument, Sendable {
    /// Nil: auto.
    public let pixels: Double?

    public init?(argument: String) {
        pixels = argument == "auto" ? nil : Double(argument)
        guard argument == "auto" || pixels.map({ $0 > 0 && $0.isFinite }) == true else { return nil }
    }
}
