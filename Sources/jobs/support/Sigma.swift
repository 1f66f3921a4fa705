import ArgumentParser
import Layers

/// `--sigma`: a number of pixels, or tied to the density of α.
public struct Sigma: ExpressibleByArgument, Sendable {
    /// Nil: auto.
    public let pixels: Double?

    public init?(argument: String) {
        pixels = argument == "auto" ? nil : Double(argument)
        guard argument == "auto" || pixels.map(SquaredExponential.sigmas.contains) == true else { return nil }
    }
}
