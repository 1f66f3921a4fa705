import Layers
import LinearAlgebra
import Parallel

/// What makes new values of a gradient, unit by unit: the rule of an optimiser with its state.
public protocol UpdateRule: AnyObject {
    /// Steps the units of a bucket that this rank updates.
    ///
    /// - Parameters:
    ///   - values: those units' values, in place.
    ///   - gradient: theirs, summed over ranks.
    func update(bucket: Int, values: Matrix<Float>, gradient: Matrix<Float>)
}

/// How the ranks come from the gradients of their samples to the same new values.
public protocol Exchange: AnyObject {
    /// The units of every bucket that this rank updates, and so needs an optimiser's state for.
    var updated: [Range<Int>] { get }
    /// What is reduced in a step, in bytes; the mean over steps where not all exchange.
    var bytesPerStep: Int { get }
    /// What the busiest rank sends in a step, in bytes (docs/mlp.md has the formulas); the mean over steps where not all exchange.
    var wireBytesPerStep: Int { get }
    /// Floats that it keeps on a rank: buffers, residuals, masters.
    var heldFloats: Int { get }
    /// Whether a rank steps by the mean gradient of its own samples, not by its part of the whole batch's.
    var stepsAlone: Bool { get }
    /// Whether all ranks hold the same values now.
    var isSettled: Bool { get }
    /// How gradients are summed over the samples of a step.
    var order: ReductionOrder { get }

    /// Whether `depart` has taken buckets of this step; the same on every rank.
    var isUnderWay: Bool { get }

    /// Takes the gradient of this rank's next shard of the samples. Called only where the order is fixed, for every shard before `step`,
    /// which gets the last one's gradient.
    func take(_ gradient: LearnedValues)

    /// The gradient of a bucket is complete while the rest is computed: it may leave. Called only where the order is fast, on every rank
    /// for the same buckets in the same order; what was not named leaves in `step`, which gets the same gradient. MPI reads the bucket
    /// until `step` returns: nobody changes it before, and no `Ring` of the communicator sums meanwhile.
    func depart(bucket: Int, of gradient: LearnedValues)

    /// Sums the gradient over ranks and lets `rule` make the new values, which all ranks have afterwards.
    ///
    /// - Parameter gradient: of this rank's samples; scratch afterwards.
    /// - Returns: the seconds of this rank's own arithmetic, which are no exchange.
    /// - Throws: `MPIError`.
    func step(_ values: LearnedValues, gradient: LearnedValues, rule: any UpdateRule) throws -> Double

    /// Brings all ranks to the same values, where they are not: before an epoch is reported and after the last step.
    ///
    /// - Returns: the seconds of this rank's own arithmetic, which are no exchange.
    /// - Throws: `MPIError`.
    func settle(_ values: LearnedValues) throws -> Double
}

extension Exchange {
    public var stepsAlone: Bool { false }
    public var isSettled: Bool { true }
    public var order: ReductionOrder { .fast }
    public var isUnderWay: Bool { false }
    public func take(_ gradient: LearnedValues) {}
    public func depart(bucket: Int, of gradient: LearnedValues) {}
    public func settle(_ values: LearnedValues) throws -> Double { 0 }
}

/// The gradient of the weights W, as a layer finds it before it is projected onto the learned values.
public struct ExpandedGradient {
    /// A bucket a layer, units × (n_v + 1).
    public let values: LearnedValues
    /// Makes the gradient of the learned values from it.
    public let project: () -> Void

    public init(values: LearnedValues, project: @escaping () -> Void) {
        self.values = values
        self.project = project
    }
}
