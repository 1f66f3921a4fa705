import Layers
import LinearAlgebra

/// Every rank steps by itself on its own samples; after H steps the ranks' values are averaged, and the way from the
/// common start to the mean is taken as a gradient for an outer step with Nesterov's momentum (Douillard et al. 2023,
/// DiLoCo, algorithm 1). One allreduce of the values in H steps. The inner momentum stays with its rank.
final class LocalSGD: Exchange {
    /// The outer rate and momentum of that paper.
    private static let rate: Float = 0.7, momentum: Float = 0.9

    private let every: Int
    private let sum: FlatSum
    private let ranks: Float
    /// Where all ranks were after the last exchange; its velocity.
    private let common: Matrix<Float>
    private let velocity: Matrix<Float>
    private var begun = false
    private var steps = 0
    let updated: [Range<Int>]

    init(_ values: LearnedValues, every: Int, sum: FlatSum, ranks: Int) {
        self.every = every
        self.sum = sum
        self.ranks = Float(ranks)
        updated = values.parameters.map { 0..<$0.units }
        common = Matrix(rows: 1, columns: values.count)
        velocity = Matrix(rows: 1, columns: values.count)
    }

    var isLocal: Bool { true }
    var isSynchronized: Bool { steps == 0 }

    func stateLayout(of parameter: Int, units: Int) -> RankLayout { .ofRank }

    func archive(to archive: StateArchive) throws {
        try archive.flag("begun", &begun)
        try archive.matrix("common", common, .replicated)
        try archive.matrix("velocity", velocity, .replicated)
    }

    func step(_ values: LearnedValues, gradient: LearnedValues, rule: any UpdateRule, timer: StepTimer) throws {
        timer.measure(.compute) {
            if !begun { common.copy(from: values.flat) }
            begun = true
            rule.updateAll(values, gradient: gradient)
        }
        steps += 1
        if steps == every { try average(values, timer) }
    }

    func synchronize(_ values: LearnedValues, timer: StepTimer) throws {
        if steps > 0 { try average(values, timer) }
    }

    private func average(_ values: LearnedValues, _ timer: StepTimer) throws {
        steps = 0
        try sum.sum(values.flat.elements)
        timer.measure(.compute) {
            let values = values.flat.elements, common = common.elements, velocity = velocity.elements
            for i in values.indices {
                let way = common[i] - values[i] / ranks
                velocity[i] = Self.momentum * velocity[i] + way
                common[i] -= Self.rate * (way + Self.momentum * velocity[i])
                values[i] = common[i]
            }
        }
    }
}
