import Layers
import LinearAlgebra

/// Every rank steps by itself on its own samples; after H steps the ranks' values are averaged, and the way from the
/// common start to the mean is taken as a gradient for an outer step with Nesterov's momentum (Douillard et al. 2023,
/// DiLoCo, algorithm 1). One allreduce of the values in H steps. The inner momentum stays with its rank.
final class AveragingExchange: Exchange {
    /// The outer rate and momentum of that paper.
    private static let rate: Float = 0.7, momentum: Float = 0.9

    private let every: Int
    /// Exchanges in so many steps.
    private let frequency: (exchanges: Int, steps: Int)
    private let sum: FlatSum
    private let ranks: Float
    /// Where all ranks were after the last exchange; its velocity.
    private let common: Matrix<Float>
    private let velocity: Matrix<Float>
    private var begun = false
    private var steps = 0
    let updated: [Range<Int>]

    /// - Parameter epoch: steps of an epoch, which ends with an exchange; nil: none ends.
    init(_ values: LearnedValues, every: Int, epoch: Int?, sum: FlatSum, ranks: Int) {
        self.every = every
        frequency = Self.frequency(every: every, epoch: epoch)
        self.sum = sum
        self.ranks = Float(ranks)
        updated = values.buckets.map { 0..<$0.units }
        common = Matrix(rows: 1, columns: values.count)
        velocity = Matrix(rows: 1, columns: values.count)
    }

    /// Exchanges in so many steps, where an epoch of `epoch` steps ends with one.
    static func frequency(every: Int, epoch: Int?) -> (exchanges: Int, steps: Int) {
        epoch.map { (($0 + every - 1) / every, $0) } ?? (1, every)
    }

    var bytesPerStep: Int { sum.bytes * frequency.exchanges / frequency.steps }
    var wireBytesPerStep: Int { sum.wireBytes * frequency.exchanges / frequency.steps }
    var heldFloats: Int { 2 * common.columns + sum.heldFloats }
    var stepsAlone: Bool { true }
    var isSettled: Bool { steps == 0 }

    func step(_ values: LearnedValues, gradient: LearnedValues, rule: any UpdateRule) throws -> Double {
        let seconds = ContinuousClock().measure {
            if !begun { common.copy(from: values.flat) }
            begun = true
            rule.updateAll(values, gradient: gradient)
        }.seconds
        steps += 1
        return try steps == every ? seconds + average(values) : seconds
    }

    func settle(_ values: LearnedValues) throws -> Double { steps > 0 ? try average(values) : 0 }

    private func average(_ values: LearnedValues) throws -> Double {
        steps = 0
        try sum.sum(values.flat.elements)
        return ContinuousClock().measure {
            let values = values.flat.elements, common = common.elements, velocity = velocity.elements
            for i in values.indices {
                let way = common[i] - values[i] / ranks
                velocity[i] = Self.momentum * velocity[i] + way
                common[i] -= Self.rate * (way + Self.momentum * velocity[i])
                values[i] = common[i]
            }
        }.seconds
    }
}
