import Layers
import LinearAlgebra

/// Stochastic gradient descent with momentum on learned values: v ← μv − η(g + λw), w ← w + v, and where a
/// unit's w has become longer than the largest norm allowed, it is scaled back to that (Denil et al. 2013, released
/// settings). A bias has neither decay nor norm.
///
/// Keeps a velocity for the values that this rank updates, and for no others.
public final class SGD: UpdateRule {
    public struct Options: Codable, Equatable, Sendable {
        /// μ.
        public var momentum: Double
        /// λ, of the L2 penalty ½λ‖w‖².
        public var weightDecay: Double
        /// The largest norm of a unit's w; nil: any.
        public var maxNorm: Double?

        public init(momentum: Double, weightDecay: Double, maxNorm: Double?) {
            self.momentum = momentum
            self.weightDecay = weightDecay
            self.maxNorm = maxNorm
        }
    }

    /// η of the next update.
    public var learningRate = 0.0
    private let options: Options
    /// How many values of a unit are weights, for every parameter; those after them are biases.
    private let weightsPerUnit: [Int]
    private let velocities: [Matrix<Float>]

    /// - Parameters:
    ///   - updated: the units of every parameter that this rank updates.
    ///   - weightsPerUnit: how many values of a unit are weights, for every parameter; `valuesPerUnit` where a unit has
    ///     no bias.
    public init(_ values: LearnedValues, updated: [Range<Int>], weightsPerUnit: [Int], options: Options) {
        self.options = options
        self.weightsPerUnit = weightsPerUnit
        velocities = zip(values.parameters, updated).map { Matrix(rows: $1.count, columns: $0.valuesPerUnit) }
    }

    /// Hands over the velocities.
    ///
    /// - Parameter layout: what that of a parameter is over the ranks.
    func archive(to archive: StateArchive, layout: (Int) -> RankLayout) throws {
        for (b, velocity) in velocities.enumerated() { try archive.matrix("velocity.\(b)", velocity, layout(b)) }
    }

    public func update(parameter: Int, values: Matrix<Float>, gradient: Matrix<Float>) {
        stepWithMomentum(
            values, velocity: velocities[parameter], gradient: gradient, weights: weightsPerUnit[parameter],
            learningRate: Float(learningRate), momentum: Float(options.momentum), decay: Float(options.weightDecay),
            maxNorm: options.maxNorm)
    }
}
