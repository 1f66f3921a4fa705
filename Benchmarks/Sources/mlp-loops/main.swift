import ArgumentParser
import BenchmarkSupport
import Foundation
import Runs

struct MLPLoops: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mlp-loops",
        abstract: "Times the loops of a stochastic step that are not products, in ns an element, one thread.",
        discussion: """
            Layers of 500 units: 20 samples, whose matrices stay in a core's cache, and 40,000, which come from memory \
            (80 MB a matrix). Each line is the median and minimum over the rounds; the first round is not counted.
            """,
        version: RunRecord.colonnade)

    @Option(help: "Rounds in cache; a hundredth of them from memory.")
    var rounds = 1000

    func validate() throws {
        guard rounds >= 100 else { throw ValidationError("--rounds: expected at least 100, found \(rounds)") }
    }

    func run() {
        let cached = time(samples: 20, rounds: rounds), streamed = time(samples: 40_000, rounds: rounds / 100)
        print(
            "".padding(toLength: 26, withPad: " ", startingAt: 0)
                + "in cache     min   from memory     min   ns an element")
        for (near, far) in zip(cached, streamed) {
            func nanoseconds(_ milliseconds: Double, _ loop: Loop) -> Double {
                1e6 * milliseconds / Double(loop.elements)
            }
            print(
                near.name.padding(toLength: 26, withPad: " ", startingAt: 0)
                    + String(
                        format: "%8.3f%8.3f%14.3f%8.3f", nanoseconds(near.times.median, near),
                        nanoseconds(near.times.minimum, near), nanoseconds(far.times.median, far),
                        nanoseconds(far.times.minimum, far)))
        }
    }

    private func time(samples: Int, rounds: Int) -> [Loop] {
        var loops = Loop.all(samples: samples, units: 500)
        for i in loops.indices {
            loops[i].run()
            for _ in 0..<rounds { loops[i].time() }
        }
        return loops
    }
}

MLPLoops.main()
