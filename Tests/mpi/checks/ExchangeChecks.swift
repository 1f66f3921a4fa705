import DataParallel
import Glibc
import Layers
import LinearAlgebra
import Parallel
import Partition
import TestSupport

/// Units that ranks do not divide, fewer than ranks, one; values a unit from one on.
private let shapes: [(name: String, units: Int, valuesPerUnit: Int)] = [
    ("a", 13, 7), ("b", 2, 5), ("c", 5, 1), ("d", 1, 4), ("e", 30, 9),
]
private let steps = 10
/// Values of a message: all parameters leave together, three of them do, each leaves by itself.
private let capacities = [Int(Int32.max), 100, 3]

/// A rank's gradient of a step.
private func draw(_ rank: Int, _ step: Int, _ count: Int) -> [Float] {
    normalMatrix(rows: 1, columns: count, stream: 1000 + 8 * step + rank).arrays[0]
}

private func start() -> LearnedValues {
    let values = LearnedValues(shapes)
    values.flat.copy(from: normalMatrix(rows: 1, columns: values.count, stream: 999))
    return values
}

/// w ← w − g/8: the factor is exact, so there is one rounding. Keeps the last gradient that it was given, where all
/// units' are, and the sum of all.
final class PlainRule: UpdateRule {
    let given: LearnedValues
    private(set) var sums: [Int: [Double]] = [:]

    init(_ values: LearnedValues) { given = values.zeros }

    func update(parameter: Int, values: Matrix<Float>, gradient: Matrix<Float>) {
        let before = sums[parameter] ?? [Double](repeating: 0, count: gradient.elements.count)
        sums[parameter] = zip(before, gradient.elements).map { $0 + Double($1) }
        if gradient.rows == given.parameters[parameter].units { given.matrix(parameter).copy(from: gradient) }
        for i in values.elements.indices { values.elements[i] -= 0.125 * gradient.elements[i] }
    }
}

/// A value of Double with how far a Float may be from it.
private struct Near {
    var value: Double, error = 0.0

    /// Minus something known with an error, rounded.
    mutating func subtract(_ other: Double, error: Double) {
        value -= other
        self.error += error
        self.error += floatUnit * (abs(value) + self.error)
    }
}

/// The exchanges that sum gradients as they are, of the values or of the weights W that a linear map makes them of,
/// have the values that one process finds in Double, the same bits on every rank.
func checkSummingExchanges(_ world: Communicator) throws {
    for options: ExchangeOptions in [
        .init(.dynamic), .init(.allReduce(.learned, .ring)), .init(.owned), .init(.full),
        .init(.allReduce(.expanded, .ring)),
    ] {
        let weights = 11, ranks = world.size
        let values = start(), gradient = values.zeros, rule = PlainRule(values)
        let expanded = LearnedValues(shapes.map { ($0.name, $0.units, weights) })
        let maps = shapes.enumerated().map { normalMatrix(rows: weights, columns: $1.valuesPerUnit, stream: 950 + $0) }
        let project = { for b in shapes.indices { multiply(expanded.matrix(b), maps[b], into: gradient.matrix(b)) } }
        let exchange = options.make(
            for: values, expanded: options.sumsExpanded ? ExpandedGradient(values: expanded, project: project) : nil,
            communicator: world)
        var expected = values.flat.elements.map { Near(value: Double($0)) }
        let before = world.traffic
        for step in 0..<steps {
            expanded.flat.copy(from: Matrix([draw(world.rank, step, expanded.count)]))
            if !options.sumsExpanded { project() }
            try exchange.step(values, gradient: gradient, rule: rule, timer: StepTimer())

            let all = (0..<ranks).map { draw($0, step, expanded.count).map(Double.init) }
            for (b, shape) in shapes.enumerated() {
                let map = maps[b].doubles, offset = expanded.parameters[b].offset
                for unit in 0..<shape.units {
                    for value in 0..<shape.valuesPerUnit {
                        // Products of 11 terms and sums over ranks, in either order: at most 11 + P roundings of a
                        // term.
                        var sum = 0.0, magnitude = 0.0
                        for rank in 0..<ranks {
                            for k in 0..<weights {
                                let term = all[rank][offset + unit * weights + k] * map[k][value]
                                sum += term
                                magnitude += abs(term)
                            }
                        }
                        expected[values.parameters[b].offset + unit * shape.valuesPerUnit + value]
                            .subtract(sum / 8, error: floatGamma(weights + ranks) * magnitude / 8)
                    }
                }
            }
        }
        let cost = cost(options, values, expanded: options.sumsExpanded ? expanded : nil, world)
        try checkBytes(cost, since: before, steps: steps, world, "\(options)")
        for (i, near) in expected.enumerated() {
            let found = Double(values.flat.elements[i])
            try expect(
                abs(found - near.value) <= near.error,
                "\(options): value \(i) is \(found), expected \(near.value) ± \(near.error)")
        }
        try expectSameEverywhere(values.flat, world)

        let count = options.sumsExpanded ? expanded.count : values.count, own = ownedValues(values, world)
        try expectEqual(cost.bytesPerStep, 4 * count, "\(options): bytes reduced")
        let held = options.isSharded ? (ranks - 1) * own : options.algorithm == .ring ? Ring.workspace : 0
        try expectEqual(cost.heldFloats, held, "\(options): Floats held")
        for (b, shape) in shapes.enumerated() {
            try expectEqual(
                exchange.updated[b], options.isSharded ? Cut(shape.units, into: ranks)[world.rank] : 0..<shape.units,
                "units updated")
        }
    }
}

/// Parameters that leave one by one while the gradients of others are not there yet, from ranks that are early and
/// late: the bits and bytes of those that leave together, which are sums in the order of ranks.
func checkDepartures(_ world: Communicator) throws {
    func run(_ wire: WireFormat, departing: Bool) throws -> [[UInt32]] {
        let values = start(), gradient = values.zeros, rule = PlainRule(values), before = world.traffic
        let options = ExchangeOptions(.sharded(wire)), exchange = options.make(for: values, communicator: world)
        var all: [[UInt32]] = []
        for step in 0..<steps {
            // None of them, one, two …, another first in every step.
            let order = shapes.indices.map { (4 + step - $0) % shapes.count },
                count = departing ? step % (shapes.count + 1) : 0
            let drawn = values.zeros
            drawn.flat.copy(from: Matrix([draw(world.rank, step, values.count)]))
            gradient.flat.fill(.nan)
            for (number, parameter) in order.enumerated() {
                usleep(UInt32((world.rank + step) % world.size * 300))
                gradient.matrix(parameter).copy(from: drawn.matrix(parameter))
                if number < count { exchange.markReady(parameter, of: gradient) }
            }
            try exchange.step(values, gradient: gradient, rule: rule, timer: StepTimer())
            all.append(values.flat.elements.map(\.bitPattern))
        }
        try checkBytes(
            cost(options, values, world), since: before, steps: steps, world, "\(wire), departing: \(departing)")
        return all
    }
    for wire in WireFormat.allCases {
        let expected = try run(wire, departing: false)
        for capacity in capacities {
            world.largestCount = capacity
            for departing in [true, false] {
                let found = try run(wire, departing: departing),
                    what = "\(wire), messages of \(capacity), departing: \(departing)"
                for step in 0..<steps {
                    try expect(found[step] == expected[step], "\(what): other values after step \(step)")
                }
            }
        }
        world.largestCount = capacities[0]
    }
    var expected = start().flat.arrays[0]
    for step in 0..<steps {
        let all = (0..<world.size).map { draw($0, step, expected.count) }
        for i in expected.indices { expected[i] -= 0.125 * (1..<world.size).reduce(all[0][i]) { $0 + all[$1][i] } }
    }
    try expect(
        try run(.float32, departing: true).last! == expected.map(\.bitPattern), "sums are not in the order of ranks")
}

/// The same steps in Float on one process, with rounding of its own: the same bits. And what rounding takes is not
/// lost: after three steps of zero gradients, each of which leaves at most 2⁻⁹ of what was left, owners have had
/// all of it.
func checkBFloat16(_ world: Communicator) throws {
    let values = start(), gradient = values.zeros, rule = PlainRule(values), ranks = world.size, count = values.count
    let options = ExchangeOptions(.sharded(.bfloat16)), exchange = options.make(for: values, communicator: world)
    let cost = cost(options, values, world)
    var masterWeights = values.flat.arrays[0],
        residuals = [[Float]](repeating: [Float](repeating: 0, count: count), count: ranks)
    var sums = [Double](repeating: 0, count: count), magnitudes = sums
    let before = world.traffic
    for step in 0..<steps + 3 {
        func gradients(_ rank: Int) -> [Float] { draw(rank, step, count).map { step < steps ? $0 : 0 } }
        gradient.flat.copy(from: Matrix([gradients(world.rank)]))
        try exchange.step(values, gradient: gradient, rule: rule, timer: StepTimer())

        var sent: [[Float]] = []
        for rank in 0..<ranks {
            let own = gradients(rank), whole = zip(own, residuals[rank]).map { $0 + $1 }
            sent.append(whole.map { naiveWidened(naiveBFloat16($0)) })
            residuals[rank] = zip(whole, sent[rank]).map { $0 - $1 }
            for i in own.indices {
                sums[i] += Double(own[i])
                magnitudes[i] += abs(Double(own[i]))
            }
        }
        for i in 0..<count { masterWeights[i] -= 0.125 * (1..<ranks).reduce(sent[0][i]) { $0 + sent[$1][i] } }
        let expected = masterWeights.map { naiveWidened(naiveBFloat16($0)) }
        for i in 0..<count {
            let found = values.flat.elements[i]
            try expect(
                found.bitPattern == expected[i].bitPattern,
                "step \(step), value \(i): \(found), expected \(expected[i])")
        }
    }
    try checkBytes(cost, since: before, steps: steps + 3, world, "bfloat16")
    for (b, parameter) in values.parameters.enumerated() {
        let units = exchange.updated[b], first = parameter.offset + units.lowerBound * parameter.valuesPerUnit
        for (i, had) in (rule.sums[b] ?? []).enumerated() {
            // A rounding where error feedback is added, P − 1 in the sum, of numbers that are larger by residuals of
            // 2⁻⁸ at most; what is left after three steps is 2⁻²⁷ of such a number.
            let bound = 1.01 * floatGamma(ranks + 1) * magnitudes[first + i]
            try expect(
                abs(had - sums[first + i]) <= bound, "owners had \(had) of \(sums[first + i]), \(bound) may be missing")
        }
    }
    let own = ownedValues(values, world)
    try expectEqual(cost.bytesPerStep, 2 * count, "bytes reduced")
    try expectEqual(cost.heldFloats, (count + (ranks - 1) * own + 1) / 2 + count + own, "Floats held")
}

/// Three steps alone, then the outer step of DiLoCo; brought together once in mid-way. One process in Double has the
/// same values.
func checkAveraging(_ world: Communicator) throws {
    for allreduce in AllReduceAlgorithm.allCases {
        let every = 3, ranks = world.size, values = start(), gradient = values.zeros, rule = PlainRule(values)
        let options = ExchangeOptions(.localSGD(every: every, allreduce))
        let exchange = options.make(for: values, communicator: world), cost = cost(options, values, world)
        try expect(exchange.isLocal, "ranks step by their own samples' mean")
        let first = values.flat.elements.map { Near(value: Double($0)) }
        var alone = [[Near]](repeating: first, count: ranks), common = first,
            velocity = first.map { _ in Near(value: 0) }
        let rate = Double(Float(0.7)), momentum = Double(Float(0.9))
        func average() {
            for i in first.indices {
                let own = alone.map { $0[i] }, magnitude = own.reduce(0) { $0 + abs($1.value) + $1.error }
                let mean = own.reduce(0) { $0 + $1.value } / Double(ranks), way = common[i].value - mean
                // P − 1 additions and a division in the mean; one in the way; two in the velocity; five behind that
                // in the new value.
                let meanError = (own.reduce(0) { $0 + $1.error } + floatGamma(ranks) * magnitude) / Double(ranks)
                let wayError =
                    common[i].error + meanError + floatUnit * (abs(common[i].value) + common[i].error + magnitude)
                let v = momentum * velocity[i].value + way
                let vError = momentum * velocity[i].error + wayError
                    + floatGamma(2) * (momentum * abs(velocity[i].value) + abs(way) + velocity[i].error + wayError)
                velocity[i] = Near(value: v, error: vError)
                common[i].error += rate * (wayError + momentum * vError)
                common[i].error +=
                    floatGamma(5) * (abs(common[i].value) + common[i].error + abs(way) + abs(v) + wayError + vError)
                common[i].value -= rate * (way + momentum * v)
                for rank in 0..<ranks { alone[rank][i] = common[i] }
            }
        }
        func check(_ when: String) throws {
            for (i, near) in alone[world.rank].enumerated() {
                let found = Double(values.flat.elements[i])
                try expect(
                    abs(found - near.value) <= near.error,
                    "\(when): value \(i) is \(found), expected \(near.value) ± \(near.error)")
            }
        }

        var before = world.traffic, sinceAverage = 0
        for step in 0..<steps {
            gradient.flat.copy(from: Matrix([draw(world.rank, step, values.count)]))
            try exchange.step(values, gradient: gradient, rule: rule, timer: StepTimer())
            for rank in 0..<ranks {
                for (i, g) in draw(rank, step, values.count).enumerated() {
                    alone[rank][i].subtract(Double(g) / 8, error: 0)
                }
            }
            sinceAverage += 1
            if sinceAverage == every {
                average()
                sinceAverage = 0
            }
            if step == 2 * every - 1 {
                try checkBytes(cost, since: before, steps: 2 * every, world, "averaging")
                before = world.traffic
            }
            if step == 2 * every {
                try expect(!exchange.isSynchronized, "ranks are each at their own values")
                try check("alone")
                try exchange.synchronize(values, timer: StepTimer())
                average()
                sinceAverage = 0
                before = world.traffic
                try exchange.synchronize(values, timer: StepTimer())
                try expectEqual(
                    (world.traffic - before).total.calls, 0, "collectives of ranks that have the same values")
            }
            try expectEqual(exchange.isSynchronized, sinceAverage == 0, "synchronized after step \(step)")
            try check("after step \(step)")
            if sinceAverage == 0 { try expectSameEverywhere(values.flat, world) }
        }
        try expectEqual(cost.bytesPerStep, 4 * values.count / every, "bytes reduced")
        try expectEqual(cost.heldFloats, 2 * values.count + (allreduce == .ring ? Ring.workspace : 0), "Floats held")
    }
}

/// The most values that a rank owns.
private func ownedValues(_ values: LearnedValues, _ world: Communicator) -> Int {
    (0..<world.size).map { rank in
        values.parameters.reduce(0) { $0 + Cut($1.units, into: world.size)[rank].count * $1.valuesPerUnit }
    }.max()!
}

/// What an exchange of some values is foretold to cost.
func cost(
    _ options: ExchangeOptions, _ values: LearnedValues, expanded: LearnedValues? = nil, _ world: Communicator
) -> ExchangeCost {
    func shapes(_ values: LearnedValues) -> [LearnedValues.Shape] {
        values.parameters.map { ($0.name, $0.units, $0.valuesPerUnit) }
    }
    return ExchangeCost(options, parameters: shapes(values), expanded: expanded.map(shapes), ranks: world.size)
}

/// What was handed to MPI is what the cost says, on the rank that sends most.
func checkBytes(_ cost: ExchangeCost, since before: Traffic, steps: Int, _ world: Communicator, _ what: String) throws {
    // But for what the checks themselves broadcast.
    let traffic = world.traffic - before, sent = traffic.total.wireBytes - traffic.broadcast.wireBytes
    let busiest = Int(try world.allReduce(Int64(sent), .max))
    // A mean is cut to whole bytes.
    try expect(
        busiest / steps == cost.wireBytesPerStep,
        "\(what): \(busiest) bytes sent in \(steps) steps, \(cost.wireBytesPerStep) said")
}
