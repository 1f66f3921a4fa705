import LinearAlgebra

/// A function of learned values that is a sum over samples, which the ranks share, plus a term that every rank can work
/// out.
///
/// The optimiser sums the gradients of the samples over the ranks, each rank getting the units that it owns; then the
/// owner completes them. So a rank never forms a gradient that it does not own beyond its own samples' part.
public protocol ShardedObjective: AnyObject {
    var units: Int { get }
    var valuesPerUnit: Int { get }

    /// The parts of this rank's samples, which are computed separately: one, or in a reproducible reduction its shards.
    var parts: Int { get }

    /// One part of this rank's samples: returns their sum of the objective and sets their gradient.
    ///
    /// - Parameters:
    ///   - part: one of 0..<parts, in order at the same values.
    ///   - values: all learned values, units × values a unit, the same on every rank.
    ///   - gradient: units × values a unit; what was in it is replaced.
    func samplesPart(_ part: Int, at values: Matrix<Float>, gradient: Matrix<Float>) -> Double

    /// Turns the sum over all samples of `samplesPart` into the gradient of the objective, for the owned units, and
    /// returns the term of the objective that no sample holds. The optimiser takes that of rank 0.
    ///
    /// - Parameters:
    ///   - values: as given to the call of `samplesPart` that came before.
    ///   - gradient: owned units × values a unit, in place.
    func complete(at values: Matrix<Float>, owned: Range<Int>, gradient: Matrix<Float>) -> Double
}

extension ShardedObjective {
    public var parts: Int { 1 }
}
