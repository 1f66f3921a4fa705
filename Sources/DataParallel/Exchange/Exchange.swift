import Layers
import LinearAlgebra

/// What makes new values of a gradient, unit by unit: the rule of an optimiser with its state.
public protocol UpdateRule: AnyObject {
    /// Steps those units of a parameter that this rank updates.
    ///
    /// - Parameters:
    ///   - values: those units' values, in place.
    ///   - gradient: theirs, summed over ranks.
    func update(parameter: Int, values: Matrix<Float>, gradient: Matrix<Float>)
}

/// How the ranks come from the gradients of their samples to the same new values.
public protocol Exchange: AnyObject {
    /// The units of every parameter that this rank updates, and so needs an optimiser's state for.
    var updated: [Range<Int>] { get }
    /// Whether a rank steps by the mean gradient of its own samples (local SGD), not by its part of the whole batch's.
    var isLocal: Bool { get }
    /// Whether all ranks hold the same values now.
    var isSynchronized: Bool { get }
    /// How gradients are summed over the samples of a step.
    var order: ReductionOrder { get }

    /// Whether `markReady` has taken parameters of this step; the same on every rank.
    var hasStarted: Bool { get }

    /// Takes the gradient of this rank's next shard of the samples. Called only in a reproducible reduction, for every
    /// shard before `step`, which gets the last one's gradient.
    func take(_ gradient: LearnedValues)

    /// The gradient of a parameter is complete while the rest is computed: it may leave. Called only where the order is
    /// fast, on every rank for the same parameters in the same order; what was not named leaves in `step`, which gets
    /// the same gradient. MPI reads the parameter until `step` returns: nobody changes it before, and no `Ring` of the
    /// communicator sums meanwhile.
    func markReady(_ parameter: Int, of gradient: LearnedValues)

    /// Sums the gradient over ranks and lets `rule` make the new values, which all ranks have afterwards.
    ///
    /// - Parameters:
    ///   - gradient: the gradient of this rank's samples; scratch afterwards.
    ///   - timer: measures an exchange; this rank's own arithmetic is measured as compute.
    /// - Throws: `MPIError`.
    func step(_ values: LearnedValues, gradient: LearnedValues, rule: any UpdateRule, timer: StepTimer) throws

    /// What the optimiser's state of a parameter is over the ranks.
    func stateLayout(of parameter: Int, units: Int) -> RankLayout

    /// Hands over the state that outlives a step. Called only while all ranks hold the same values.
    ///
    /// - Throws: as `Checkpointable.archive`.
    func archive(to archive: StateArchive) throws

    /// Brings all ranks to the same values, where they are not: before an epoch is reported and after the last step.
    ///
    /// - Parameter timer: the timer of `step`.
    /// - Throws: `MPIError`.
    func synchronize(_ values: LearnedValues, timer: StepTimer) throws
}

extension Exchange {
    public var isLocal: Bool { false }
    public var isSynchronized: Bool { true }
    public var order: ReductionOrder { .fast }
    public var hasStarted: Bool { false }
    public func take(_ gradient: LearnedValues) {}
    public func markReady(_ parameter: Int, of gradient: LearnedValues) {}
    public func stateLayout(of parameter: Int, units: Int) -> RankLayout { .replicated }
    public func archive(to archive: StateArchive) throws {}
    public func synchronize(_ values: LearnedValues, timer: StepTimer) throws {}
}

/// The gradient of the weights W, as a layer finds it before it is projected onto the learned values.
public struct ExpandedGradient {
    /// A parameter a layer, units × (n_v + 1).
    public let values: LearnedValues
    /// Makes the gradient of the learned values from it.
    public let project: () -> Void

    public init(values: LearnedValues, project: @escaping () -> Void) {
        self.values = values
        self.project = project
    }
}
