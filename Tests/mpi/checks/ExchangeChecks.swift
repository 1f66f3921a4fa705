import Glibc
import Layers
import LinearAlgebra
import Parallel
import Partition
import TestSupport
import Training

/// Units that ranks do not divide, fewer than ranks, one; values a unit from one on.
private let shapes: [(name: String, units: Int, valuesPerUnit: Int)] = [("a", 13, 7), ("b", 2, 5), ("c", 5, 1), ("d", 1, 4), ("e", 30, 9)]
private let steps = 10
/// Values of a message: all buckets leave together, three of them do, each leaves by itself.
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

/// w ← w − g/8: the factor is exact, so there is one rounding. Keeps the last gradient that it was given, where all units' are, and the
/// sum of all.
final class PlainRule: UpdateRule {
    let given: LearnedValues
    private(set) var sums: [Int: [Double]] = [:]

    init(_ values: LearnedValues) { given = values.zeros }

    func update(bucket: Int, values: Matrix<Float>, gradient: Matrix<Float>) {
        let before = sums[bucket] ?? [Double](repeating: 0, count: gradient.elements.count)
        sums[bucket] = zip(before, gradient.elements).map { $0 + Double($1) }
        if gradient.rows == given.buckets[bucket].units { given.matrix(bucket).copy(from: gradient) }
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

/// The exchanges that sum gradients as they are, of the values or of the weights W that a linear map makes them of, have the values that
/// one process finds in Double, the same bits on every rank.
func checkSummingExchanges(_ world: Communicator) throws {
    for options: ExchangeOptions in [
        .init(.dynamic), .init(.dynamic, allreduce: .ring), .init(.owned), .init(.full), .init(.full, allreduce: .ring),
    ] {
        let weights = 11, ranks = world.size
        let values = start(), gradient = values.zeros, rule = PlainRule(values)
        let expanded = LearnedValues(shapes.map { ($0.name, $0.units, weights) })
        let maps = shapes.enumerated().map { normalMatrix(rows: weights, columns: $1.valuesPerUnit, stream: 950 + $0) }
        let project = { for b in shapes.indices { multiply(expanded.matrix(b), maps[b], into: gradient.matrix(b)) } }
        let exchange = options.make(
            for: values, expanded: options.sumsExpanded ? ExpandedGradient(values: expanded, project: project) : nil, communicator: world)
        var expected = values.flat.elements.map { Near(value: Double($0)) }
        let before = world.traffic
        for step in 0..<steps {
            expanded.flat.copy(from: Matrix([draw(world.rank, step, expanded.count)]))
            if !options.sumsExpanded { project() }
            _ = try exchange.step(values, gradient: gradient, rule: rule)

            let all = (0..<ranks).map { draw($0, step, expanded.count).map(Double.init) }
            for (b, shape) in shapes.enumerated() {
                let map = maps[b].doubles, offset = expanded.buckets[b].offset
                for unit in 0..<shape.units {
                    for value in 0..<shape.valuesPerUnit {
                        // Products of 11 terms and sums over ranks, in either order: at most 11 + P roundings of a term.
                        var sum = 0.0, magnitude = 0.0
                        for rank in 0..<ranks {
                            for k in 0..<weights {
                                let term = all[rank][offset + unit * weights + k] * map[k][value]
                                sum += term
                                magnitude += abs(term)
                            }
                        }
                        expected[values.buckets[b].offset + unit * shape.valuesPerUnit + value]
                            .subtract(sum / 8, error: floatGamma(weights + ranks) * magnitude / 8)
                    }
                }
            }
        }
        try checkBytes(exchange, since: before, steps: steps, world, "\(options)")
        for (i, near) in expected.enumerated() {
            let found = Double(values.flat.elements[i])
            try expect(abs(found - near.value) <= near.error, "\(options): value \(i) is \(found), expected \(near.value) ± \(near.error)")
        }
        try expectSameEverywhere(values.flat, world)

        let count = options.sumsExpanded ? expanded.count : values.count, own = ownedValues(values, world)
        try expectEqual(exchange.bytesPerStep, 4 * count, "\(options): bytes reduced")
        let held = options.name == .owned ? (ranks - 1) * own : options.allreduce == .ring ? Ring.workspace : 0
        try expectEqual(exchange.heldFloats, held, "\(options): Floats held")
        for (b, shape) in shapes.enumerated() {
            try expectEqual(
                exchange.updated[b], options.name == .owned ? Cut(shape.units, into: ranks)[world.rank] : 0..<shape.units, "units updated")
        }
    }
}

/// Buckets that leave one by one while the gradients of others are not there yet, from ranks that are early and late: the bits and bytes
/// of those that leave together, which are sums in the order of ranks.
func checkDepartures(_ world: Communicator) throws {
    func run(_ wire: WireFormat, departing: Bool) throws -> [[UInt32]] {
        let values = start(), gradient = values.zeros, rule = PlainRule(values), before = world.traffic
        let exchange = ExchangeOptions(.owned, wire: wire).make(for: values, communicator: world)
        var all: [[UInt32]] = []
        for step in 0..<steps {
            // None of them, one, two …, another first in every step.
            let order = shapes.indices.map { (4 + step - $0) % shapes.count }, count = departing ? step % (shapes.count + 1) : 0
            let drawn = values.zeros
            drawn.flat.copy(from: Matrix([draw(world.rank, step, values.count)]))
            gradient.flat.fill(.nan)
            for (number, bucket) in order.enumerated() {
                usleep(UInt32((world.rank + step) % world.size * 300))
                gradient.matrix(bucket).copy(from: drawn.matrix(bucket))
                if number < count { exchange.depart(bucket: bucket, of: gradient) }
            }
            _ = try exchange.step(values, gradient: gradient, rule: rule)
            all.append(values.flat.elements.map(\.bitPattern))
        }
        try checkBytes(exchange, since: before, steps: steps, world, "\(wire), departing: \(departing)")
        return all
    }
    for wire in WireFormat.allCases {
        let expected = try run(wire, departing: false)
        for capacity in capacities {
            world.largestCount = capacity
            for departing in [true, false] {
                let found = try run(wire, departing: departing), what = "\(wire), messages of \(capacity), departing: \(departing)"
                for step in 0..<steps { try expect(found[step] == expected[step], "\(what): other values after step \(step)") }
            }
        }
        world.largestCount = capacities[0]
    }
    var expected = start().flat.arrays[0]
    for step in 0..<steps {
        let all = (0..<world.size).map { draw($0, step, expected.count) }
        for i in expected.indices { expected[i] -= 0.125 * (1..<world.size).reduce(all[0][i]) { $0 + all[$1][i] } }
    }
    try expect(try run(.float32, departing: true).last! == expected.map(\.bitPattern), "sums are not in the order of ranks")
}

/// The same steps in Float on one process, with rounding of its own: the same bits. And what rounding takes is not lost: after three
/// steps of zero gradients, each of which leaves at most 2⁻⁹ of what was left, owners have had all of it.
func checkBFloat16(_ world: Communicator) throws {
    let values = start(), gradient = values.zeros, rule = PlainRule(values), ranks = world.size, count = values.count
    let exchange = ExchangeOptions(.owned, wire: .bfloat16).make(for: values, communicator: world)
    var masters = values.flat.arrays[0], residuals = [[Float]](repeating: [Float](repeating: 0, count: count), count: ranks)
    var sums = [Double](repeating: 0, count: count), magnitudes = sums
    let before = world.traffic
    for step in 0..<steps + 3 {
        func gradients(_ rank: Int) -> [Float] { draw(rank, step, count).map { step < steps ? $0 : 0 } }
        gradient.flat.copy(from: Matrix([gradients(world.rank)]))
        _ = try exchange.step(values, gradient: gradient, rule: rule)

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
        for i in 0..<count { masters[i] -= 0.125 * (1..<ranks).reduce(sent[0][i]) { $0 + sent[$1][i] } }
        let expected = masters.map { naiveWidened(naiveBFloat16($0)) }
        for i in 0..<count {
            let found = values.flat.elements[i]
            try expect(found.bitPattern == expected[i].bitPattern, "step \(step), value \(i): \(found), expected \(expected[i])")
        }
    }
    try checkBytes(exchange, since: before, steps: steps + 3, world, "bfloat16")
    for (b, bucket) in values.buckets.enumerated() {
        let units = exchange.updated[b], first = bucket.offset + units.lowerBound * bucket.valuesPerUnit
        for (i, had) in (rule.sums[b] ?? []).enumerated() {
            // A rounding where the residual is added, P − 1 in the sum, of numbers that are larger by residuals of 2⁻⁸ at most; what is
            // left after three steps is 2⁻²⁷ of such a number.
            let bound = 1.01 * floatGamma(ranks + 1) * magnitudes[first + i]
            try expect(abs(had - sums[first + i]) <= bound, "owners had \(had) of \(sums[first + i]), \(bound) may be missing")
        }
    }
    let own = ownedValues(values, world)
    try expectEqual(exchange.bytesPerStep, 2 * count, "bytes reduced")
    try expectEqual(exchange.heldFloats, (count + (ranks - 1) * own + 1) / 2 + count + own, "Floats held")
}

/// Three steps alone, then the outer step of DiLoCo; settled once in mid-way. One process in Double has the same values.
func checkAveraging(_ world: Communicator) throws {
    for allreduce in AllReduceAlgorithm.allCases {
        let every = 3, ranks = world.size, values = start(), gradient = values.zeros, rule = PlainRule(values)
        let exchange = ExchangeOptions(.dynamic, allreduce: allreduce, averageEvery: every).make(for: values, communicator: world)
        try expect(exchange.stepsAlone, "ranks step by their own samples' mean")
        let first = values.flat.elements.map { Near(value: Double($0)) }
        var alone = [[Near]](repeating: first, count: ranks), common = first, velocity = first.map { _ in Near(value: 0) }
        let rate = Double(Float(0.7)), momentum = Double(Float(0.9))
        func average() {
            for i in first.indices {
                let own = alone.map { $0[i] }, magnitude = own.reduce(0) { $0 + abs($1.value) + $1.error }
                let mean = own.reduce(0) { $0 + $1.value } / Double(ranks), way = common[i].value - mean
                // P − 1 additions and a division in the mean; one in the way; two in the velocity; five behind that in the new value.
                let meanError = (own.reduce(0) { $0 + $1.error } + floatGamma(ranks) * magnitude) / Double(ranks)
                let wayError = common[i].error + meanError + floatUnit * (abs(common[i].value) + common[i].error + magnitude)
                let v = momentum * velocity[i].value + way
                let vError = momentum * velocity[i].error + wayError
                    + floatGamma(2) * (momentum * abs(velocity[i].value) + abs(way) + velocity[i].error + wayError)
                velocity[i] = Near(value: v, error: vError)
                common[i].error += rate * (wayError + momentum * vError)
                common[i].error += floatGamma(5) * (abs(common[i].value) + common[i].error + abs(way) + abs(v) + wayError + vError)
                common[i].value -= rate * (way + momentum * v)
                for rank in 0..<ranks { alone[rank][i] = common[i] }
            }
        }
        func check(_ when: String) throws {
            for (i, near) in alone[world.rank].enumerated() {
                let found = Double(values.flat.elements[i])
                try expect(abs(found - near.value) <= near.error, "\(when): value \(i) is \(found), expected \(near.value) ± \(near.error)")
            }
        }

        var before = world.traffic, sinceAverage = 0
        for step in 0..<steps {
            gradient.flat.copy(from: Matrix([draw(world.rank, step, values.count)]))
            _ = try exchange.step(values, gradient: gradient, rule: rule)
            for rank in 0..<ranks {
                for (i, g) in draw(rank, step, values.count).enumerated() { alone[rank][i].subtract(Double(g) / 8, error: 0) }
            }
            sinceAverage += 1
            if sinceAverage == every {
                average()
                sinceAverage = 0
            }
            if step == 2 * every - 1 {
                try checkBytes(exchange, since: before, steps: 2 * every, world, "averaging")
                before = world.traffic
            }
            if step == 2 * every {
                try expect(!exchange.isSettled, "ranks are each at their own values")
                try check("alone")
                try expect(try exchange.settle(values) > 0, "the outer step takes time")
                average()
                sinceAverage = 0
                before = world.traffic
                try expectEqual(try exchange.settle(values), 0, "the outer step of ranks that are settled")
                try expectEqual((world.traffic - before).total.calls, 0, "collectives of ranks that are settled")
            }
            try expectEqual(exchange.isSettled, sinceAverage == 0, "settled after step \(step)")
            try check("after step \(step)")
            if sinceAverage == 0 { try expectSameEverywhere(values.flat, world) }
        }
        try expectEqual(exchange.bytesPerStep, 4 * values.count / every, "bytes reduced")
        try expectEqual(exchange.heldFloats, 2 * values.count + (allreduce == .ring ? Ring.workspace : 0), "Floats held")
    }
}

/// The values that this rank owns.
private func ownedValues(_ values: LearnedValues, _ world: Communicator) -> Int {
    values.buckets.reduce(0) { $0 + Cut($1.units, into: world.size)[world.rank].count * $1.valuesPerUnit }
}

/// What was handed to MPI is what the exchange says it sends, on the rank that sends most.
func checkBytes(_ exchange: any Exchange, since before: Traffic, steps: Int, _ world: Communicator, _ what: String) throws {
    // But for what the checks themselves broadcast.
    let traffic = world.traffic - before, sent = traffic.total.wireBytes - traffic.broadcast.wireBytes
    let busiest = Int(try world.allReduce(Int64(sent), .max))
    // A mean is cut to whole bytes.
    try expect(
        busiest / steps == exchange.wireBytesPerStep, "\(what): \(busiest) bytes sent in \(steps) steps, \(exchange.wireBytesPerStep) said")
}
