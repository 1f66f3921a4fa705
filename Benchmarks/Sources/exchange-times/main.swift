import ArgumentParser
import BenchmarkSupport
import CMPI
import DataParallel
import Foundation
import Layers
import LinearAlgebra
import Parallel
import Partition
import Runs

struct Options: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exchange-times",
        abstract:
            "Prints what the exchanges of mlp reach of bare MPI calls for as many values, in turns, on the ranks it is "
                + "started with.",
        discussion:
            "Gradients are zeros, and an update does nothing: only what travels is timed. A time is that of the "
                + "slowest rank.",
        version: RunRecord.colonnade)

    @Option(help: "Rounds where values are few; fewer where they are many, but thirty.")
    var rounds = 1000

    func validate() throws {
        guard rounds >= 30 else { throw ValidationError("--rounds: expected at least 30, found \(rounds)") }
    }
}

struct OneRank: ExitCoded, CustomStringConvertible {
    let exitCode: Int32 = 64
    let description = "mpirun -n: expected 2 ranks at least, found 1, which sends nothing"
}

/// An update that does nothing.
final class NoUpdate: UpdateRule {
    func update(parameter: Int, values: Matrix<Float>, gradient: Matrix<Float>) {}
}

/// MPI's own collectives in the same memory, without a deadline: one sum for all ranks, or a part of it for each, then
/// the parts for all.
struct BareCalls {
    private let buffer, part: Matrix<Float>
    private let counts, offsets: [Int32]
    private let rank: Int

    init(_ buffer: Matrix<Float>, communicator: Communicator) {
        let cut = Cut(buffer.columns, into: communicator.size)
        self.buffer = buffer
        rank = communicator.rank
        part = Matrix(rows: 1, columns: cut[rank].count)
        counts = (0..<communicator.size).map { Int32(cut[$0].count) }
        offsets = (0..<communicator.size).map { Int32(cut[$0].lowerBound) }
    }

    func allReduce() {
        succeed(
            MPI_Allreduce(
                cmpi_in_place(), buffer.pointer, Int32(buffer.columns), cmpi_float().v, cmpi_sum().v,
                cmpi_comm_world().v))
    }

    func throughOwners() {
        succeed(
            MPI_Reduce_scatter(buffer.pointer, part.pointer, counts, cmpi_float().v, cmpi_sum().v, cmpi_comm_world().v))
        succeed(
            MPI_Allgatherv(
                part.pointer, counts[rank], cmpi_float().v, buffer.pointer, counts, offsets, cmpi_float().v,
                cmpi_comm_world().v))
    }

    private func succeed(_ code: Int32) {
        precondition(code == cmpi_success(), "a bare call failed with MPI's code \(code)")
    }
}

/// The parameters of a perceptron's learned values, units × values a unit, by the proportion of its hidden weights.
func parameters(_ widths: [Int], perUnit: (Int) -> Int) -> LearnedValues {
    LearnedValues(
        zip(widths, widths.dropFirst()).enumerated().map { l, layer in
            ("layer\(l + 1)", layer.1, 1 + (l == widths.count - 2 ? layer.0 : perUnit(layer.0)))
        })
}

let options = Options.parseOrExit()
Parallel.run(job: "exchange-times") { world in
    guard world.size > 1 else { throw OneRank() }
    let small = [784, 500, 500, 10], large = [3072, 4096, 4096, 10]
    let models = [
        ("small, 5 % learned", parameters(small) { $0 * 5 / 100 }),
        ("small, 10 % learned", parameters(small) { $0 / 10 }),
        ("small, dense", parameters(small) { $0 }), ("large, 10 % learned", parameters(large) { $0 / 10 }),
        ("large, dense", parameters(large) { $0 }),
    ]
    if world.isRoot { print("model               exchange           bytes    bare ms    ours ms    reached") }
    for (name, values) in models {
        let gradient = values.zeros, bare = BareCalls(gradient.flat, communicator: world), rule = NoUpdate()
        let timer = StepTimer()
        let rounds = min(options.rounds, max(30, (1 << 30) / (4 * values.count)))
        for (label, call) in [
            ("dynamic", bare.allReduce), ("dynamic-ring", bare.allReduce), ("owned", bare.throughOwners),
        ] {
            let exchange = ExchangeOptions(label: label)!.make(for: values, communicator: world)
            func timed(_ body: () throws -> Void) throws -> Double {
                try world.barrier()
                return try ContinuousClock().measure(body) / .milliseconds(1)
            }
            var theirs: [Double] = [], ours: [Double] = []
            let warmUp = rounds / 10 + 1
            for round in 0..<warmUp + rounds {
                // They begin a round in turns.
                for turn in 0..<2 {
                    if (round + turn) % 2 == 0 {
                        theirs.append(try timed(call))
                    } else {
                        ours.append(
                            try timed { _ = try exchange.step(values, gradient: gradient, rule: rule, timer: timer) })
                    }
                }
            }
            func slowest(_ all: [Double]) throws -> Double {
                var times = Array(all.dropFirst(warmUp)), spread = Spread()
                try times.withUnsafeMutableBufferPointer { try world.allReduce(inPlace: $0, .max) }
                for time in times { spread.add(time) }
                return spread.median
            }
            let (bareMedian, ourMedian) = (try slowest(theirs), try slowest(ours))
            guard world.isRoot else { continue }
            print(
                name.padding(toLength: 20, withPad: " ", startingAt: 0)
                    + label.padding(toLength: 13, withPad: " ", startingAt: 0)
                    + String(
                        format: "%11d%11.3f%11.3f%9.0f %%", 4 * values.count, bareMedian, ourMedian,
                        100 * bareMedian / ourMedian))
        }
    }
}
