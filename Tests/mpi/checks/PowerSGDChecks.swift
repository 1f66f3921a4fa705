import DataParallel
import Layers
import LinearAlgebra
import Parallel
import TestSupport

/// The first and the third have fewer values in two thin factors of rank 2; the second would not, and so travels whole.
private let shapes: [(name: String, units: Int, valuesPerUnit: Int)] = [("a", 13, 7), ("b", 2, 5), ("c", 30, 9)]
private let rank = 2

/// A sum over ranks of rank r, as the ranks have the same second factor, is summed as it is from the first step on,
/// also after one of zeros and after one of a lower rank: columns that were lost are drawn again.
func checkLowRankOfLowRank(_ world: Communicator) throws {
    let values = LearnedValues(shapes), gradient = values.zeros, rule = PlainRule(values)
    let exchange = ExchangeOptions(.powerSGD(rank: rank)).make(for: values, communicator: world)
    for (step, r) in [0, 2, 1, 2, 2].enumerated() {
        func product(_ rank: Int, _ b: Int) -> Rows {
            let a = normalMatrix(rows: shapes[b].units, columns: max(r, 1), stream: 2000 + 100 * step + 10 * rank + b)
            let common = normalMatrix(rows: max(r, 1), columns: shapes[b].valuesPerUnit, stream: 2090 + 100 * step + b)
            return naiveProduct(a.doubles, common.doubles).map { $0.map { r == 0 ? 0 : $0 } }
        }
        for b in shapes.indices {
            gradient.matrix(b).copy(from: Matrix(product(world.rank, b).map { $0.map(Float.init) }))
        }
        try exchange.step(values, gradient: gradient, rule: rule, timer: StepTimer())
        for b in shapes.indices {
            let zeros = Rows(repeating: [Double](repeating: 0, count: shapes[b].valuesPerUnit), count: shapes[b].units)
            let sum = (0..<world.size).reduce(zeros) { sum, rank in
                zip(sum, product(rank, b)).map { zip($0, $1).map { $0 + $1 } }
            }
            // P = MQ has M's columns up to roundings, 1e-6 of it, times the condition of a random factor, for these
            // draws below 100.
            let off = largestDifference(rule.given.matrix(b).doubles, sum), bound = 1e-4 * max(largest(sum), 1e-3)
            try expect(
                off <= bound, "step \(step), parameter \(b): a sum of rank \(r) is off by \(off), more than \(bound)")
        }
    }
}

/// Gradients of any rank: biases and the parameter that travels whole are summed as they are; what an approximation
/// leaves out is not lost, since steps of zero gradients bring all of it. The same bits on all ranks.
func checkLowRankFeedback(_ world: Communicator) throws {
    for allreduce in AllReduceAlgorithm.allCases {
        let values = LearnedValues(shapes), gradient = values.zeros, rule = PlainRule(values), ranks = world.size
        let options = ExchangeOptions(.powerSGD(rank: rank, of: .learned, allreduce))
        let exchange = options.make(for: values, communicator: world), cost = cost(options, values, world)
        var sums = [Double](repeating: 0, count: values.count), magnitudes = sums, largestNorm = 0.0
        let steps = 10, zeros = 20, before = world.traffic
        for step in 0..<steps + zeros {
            func draw(_ rank: Int) -> [Float] {
                normalMatrix(
                    rows: 1, columns: values.count, stream: 3000 + 8 * step + rank, factor: step < steps ? 1 : 0
                ).arrays[0]
            }
            gradient.flat.copy(from: Matrix([draw(world.rank)]))
            try exchange.step(values, gradient: gradient, rule: rule, timer: StepTimer())
            for rank in 0..<ranks {
                let own = draw(rank)
                largestNorm += own.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
                for i in own.indices {
                    sums[i] += Double(own[i])
                    magnitudes[i] += abs(Double(own[i]))
                }
            }
        }
        try checkBytes(cost, since: before, steps: steps + zeros, world, "lowrank")
        try expectSameEverywhere(values.flat, world)

        // F, the sum of the gradients' norms, bounds what is ever approximated, and a row of P times one of Q. A step's
        // sum is off by γ_{r+3}·F, what the ranks take from their residuals by that and two roundings a rank; what 20
        // steps leave of an error of rank 8 are such roundings again. Left out by ranks 2 of 13 × 6 and 30 × 8 and
        // not brought later would be numbers like the sums.
        let bound = 2 * Double(steps + zeros) * (2 * floatGamma(rank + 3) + 2 * floatGamma(ranks)) * largestNorm
        for (b, parameter) in values.parameters.enumerated() {
            for (i, had) in rule.sums[b]!.enumerated() {
                let isExact = b == 1 || i % parameter.valuesPerUnit == parameter.valuesPerUnit - 1,
                    place = parameter.offset + i
                let allowed = isExact ? floatGamma(ranks) * magnitudes[place] : bound
                try expect(
                    abs(had - sums[place]) <= allowed,
                    "parameter \(b), value \(i): had \(had) of \(sums[place]) ± \(allowed)")
            }
        }

        // P with biases, and the whole parameter; Q.
        let first = (rank + 1) * 13 + 2 * 5 + (rank + 1) * 30, second = rank * (6 + 8)
        try expectEqual(cost.bytesPerStep, 4 * (first + second), "bytes reduced")
        try expectEqual(
            cost.heldFloats, first + second + 13 * 6 + 30 * 8 + (allreduce == .ring ? 2 * Ring.workspace : 0),
            "Floats held")
    }
}
