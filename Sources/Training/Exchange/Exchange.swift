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
    /// What the busiest rank sends in a step, in bytes (DESIGN's formula).
    var wireBytesPerStep: Int { get }

    /// Sums the gradient over ranks and lets `rule` make the new values, which all ranks have afterwards.
    ///
    /// - Parameter gradient: of this rank's samples; scratch afterwards.
    /// - Returns: the seconds that `rule` took, which are no exchange.
    /// - Throws: `MPIError`.
    func step(_ values: LearnedValues, gradient: LearnedValues, rule: any UpdateRule) throws -> Double
}

/// The ways of exchange by name.
public enum ExchangeName: String, CaseIterable, Sendable {
    /// One allreduce of the gradient; every rank updates everything.
    case dynamic
    /// Reduce-scatter of the gradient; the owner of a unit updates it; allgather of the values.
    case owned

    public func make(for values: LearnedValues, communicator: Communicator) -> any Exchange {
        switch self {
        case .dynamic: DynamicExchange(values, communicator: communicator)
        case .owned: OwnedExchange(values, communicator: communicator)
        }
    }
}
