import DataParallel
import LinearAlgebra
import Parallel
import Partition

/// ½Σ aᵢ(xᵢ − bᵢ)² with a from 1 to 1,000, in parts: each rank holds the terms of every size-th value.
private final class Quadratic: ShardedObjective {
    let units: Int, valuesPerUnit: Int
    private let rank: Int, ranks: Int
    /// From this evaluation on the objective is not a number.
    var breaksAt = Int.max
    private var evaluations = 0

    init(units: Int, valuesPerUnit: Int, on world: Communicator) {
        (self.units, self.valuesPerUnit, rank, ranks) = (units, valuesPerUnit, world.rank, world.size)
    }

    func target(_ i: Int) -> Double { Double(i % 7) - 3 }
    private func curvature(_ i: Int) -> Double { 1 + 999 * Double(i) / Double(units * valuesPerUnit - 1) }

    func samplesPart(_ part: Int, at values: Matrix<Float>, gradient: Matrix<Float>) -> Double {
        evaluations += 1
        gradient.fill(0)
        var sum = 0.0
        for i in stride(from: rank, to: units * valuesPerUnit, by: ranks) {
            let distance = Double(values.elements[i]) - target(i)
            gradient.elements[i] = Float(curvature(i) * distance)
            sum += 0.5 * curvature(i) * distance * distance
        }
        return evaluations >= breaksAt && rank == ranks - 1 ? .nan : sum
    }

    /// What ranks but the first return must not count: on a processor of another kind its last bits would differ.
    func complete(at values: Matrix<Float>, owned: Range<Int>, gradient: Matrix<Float>) -> Double { Double(rank) }
}

/// Rosenbrock's function over pairs, 100(y − x²)² + (1 − x)²: minimum 0 at (1, 1). The first term is the
/// samples', held by the last rank; the second is everybody's.
private final class Rosenbrock: ShardedObjective {
    let units: Int
    let valuesPerUnit = 2
    private let holds: Bool

    init(units: Int, on world: Communicator) { (self.units, holds) = (units, world.rank == world.size - 1) }

    func samplesPart(_ part: Int, at values: Matrix<Float>, gradient: Matrix<Float>) -> Double {
        gradient.fill(0)
        guard holds else { return 0 }
        var sum = 0.0
        for unit in 0..<units {
            let x = Double(values[unit, 0]), y = Double(values[unit, 1])
            gradient[unit, 0] = Float(-400 * x * (y - x * x))
            gradient[unit, 1] = Float(200 * (y - x * x))
            sum += 100 * (y - x * x) * (y - x * x)
        }
        return sum
    }

    func complete(at values: Matrix<Float>, owned: Range<Int>, gradient: Matrix<Float>) -> Double {
        for unit in owned { gradient[unit - owned.lowerBound, 0] -= 2 * (1 - values[unit, 0]) }
        return (0..<units).reduce(0) { $0 + Double(1 - values[$1, 0]) * Double(1 - values[$1, 0]) }
    }
}

/// The shapes that cuts make awkward: units that the ranks do not divide, and fewer units than ranks.
private let shapes = [(units: 13, values: 3), (units: 2, values: 5)]

/// The busiest rank of an evaluation sends N + (P−2)·n_max values, the scalars at most 64 bytes, an iteration one
/// small allreduce.
func checkTrainingTraffic(_ world: Communicator) throws {
    for (units, width) in shapes {
        let values = Matrix<Float>(rows: units, columns: width)
        let before = world.traffic
        let last = try LBFGS(
            Quadratic(units: units, valuesPerUnit: width, on: world), values: values, communicator: world,
            options: .init(iterations: 6)
        ).run()
        let traffic = world.traffic - before
        try expectEqual(last.number, 6, "iterations")

        let cut = Cut(units, into: world.size)
        let largest = (0..<world.size).map { cut[$0].count }.max()! * width
        let busiest = try world.allReduce(Int64(traffic.allGather.wireBytes + traffic.reduceScatter.wireBytes), .max)
        let formula = world.size == 1 ? 0 : 4 * (units * width + (world.size - 2) * largest)
        try expectEqual(
            busiest, Int64(last.evaluations * formula), "bytes of the busiest rank in \(last.evaluations) evaluations")
        try expectEqual(traffic.allGather.calls, last.evaluations, "allgathers")
        try expectEqual(traffic.reduceScatter.calls, last.evaluations, "reduce-scatters")
        try expectEqual(traffic.reduceScatter.payloadBytes, last.evaluations * 4 * units * width, "bytes reduced")

        // one of two Doubles an evaluation; one an iteration and one at the start, of 3·(2·5 + 1) inner products
        try expectEqual(traffic.allReduce.calls, last.evaluations + last.number + 1, "allreduces")
        let products = (last.number + 1) * 3 * (2 * LBFGS.Options(iterations: 6).history + 1) * 8
        try expectEqual(traffic.allReduce.payloadBytes, 16 * last.evaluations + products, "bytes of scalars")
        try expectEqual(traffic.total.calls, 3 * last.evaluations + last.number + 1, "operations")
    }
}

func checkQuadratic(_ world: Communicator) throws {
    for (units, width) in shapes {
        let objective = Quadratic(units: units, valuesPerUnit: width, on: world)
        let values = Matrix<Float>(rows: units, columns: width)
        let last = try LBFGS(objective, values: values, communicator: world, options: .init(iterations: 200)).run()
        let away = values.elements.indices.map { abs(Double(values.elements[$0]) - objective.target($0)) }.max()!
        try expect(away < 1e-3, "\(units)×\(width): \(away) away from the minimum, objective \(last.objective)")
        try expectSameEverywhere(values, world)
    }
}

func checkRosenbrock(_ world: Communicator) throws {
    for units in [5, 1] {
        let values = Matrix<Float>(rows: units, columns: 2)
        for unit in 0..<units { (values[unit, 0], values[unit, 1]) = (-1.2, 1 + 0.1 * Float(unit)) }
        let last = try LBFGS(
            Rosenbrock(units: units, on: world), values: values, communicator: world, options: .init(iterations: 300)
        ).run()
        let away = values.elements.map { abs($0 - 1) }.max()!
        try expect(away < 0.01, "\(units) pairs: \(away) away from the minimum, objective \(last.objective)")
        try expectSameEverywhere(values, world)
    }
}

/// What is not a number on one rank ends the run on all, naming the iteration.
func checkNotFinite(_ world: Communicator) throws {
    for (evaluation, iteration) in [(1, 0), (2, 1)] {
        let objective = Quadratic(units: 5, valuesPerUnit: 2, on: world)
        objective.breaksAt = evaluation
        let optimiser = LBFGS(
            objective, values: Matrix<Float>(rows: 5, columns: 2), communicator: world, options: .init(iterations: 9))
        do {
            try optimiser.run()
        } catch {
            let text = "\(error)"
            try expect(
                text.contains("at iteration \(iteration),"),
                "expected iteration \(iteration) in the message, found: \(text)")
            continue
        }
        throw CheckFailure(description: "the run went on after an objective that is not a number")
    }
}
