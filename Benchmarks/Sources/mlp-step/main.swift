import ArgumentParser
import BenchmarkSupport
import Datasets
import Foundation
import Layers
import LinearAlgebra
import Networks
import Runs

extension Activation: @retroactive ExpressibleByArgument {}

struct MLPStep: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mlp-step",
        abstract:
            "Times a step of the job mlp against its products, and a predicted one against a dense one, one thread.",
        discussion: """
            784–500–500–10 at batches of 100 and 1000; predicted: 0.1 learned, 10 columns, SE in layer 1, \
            RandFixU in layer 2. Every round gives everything its turn, in the same order; a turn is a step that is \
            not counted and then --steps on end.
            """,
        version: RunRecord.colonnade)

    @Option(help: "Activation of the hidden layers: sigmoid, relu, tanh.")
    var activation = Activation.sigmoid
    @Option(help: "Training images that batches are drawn from.")
    var images = 60_000
    @Option(help: "Rounds.")
    var rounds = 15
    @Option(help: "Steps of a turn.")
    var steps = 10
    @Flag(help: "Time products, the dense and the predicted step alone, for peers/compare.")
    var peers = false
    @Option(help: "Add a row for each to this file.")
    var csv: String?

    func validate() throws {
        try checkPositive((rounds, "--rounds"), (steps, "--steps"))
        guard images >= 1000 else {
            throw ValidationError("--images: expected at least a batch of 1000, found \(images)")
        }
    }

    func run() throws {
        Backend.setThreads(1)
        let rows = MatrixSamples.random(images), order = RandomStream(seed: 1, purpose: .order).permutation(of: images)
        var races = try [100, 1000].map {
            try Race(batch: $0, activation: activation, images: rows, order: order, forPeers: peers)
        }
        for _ in 0..<rounds {
            for i in races.indices { races[i].round(steps: steps) }
        }
        print(
            "\(images) images, \(activation), one thread, \(Backend.kernels) kernels, \(rounds) rounds of \(steps) "
                + "steps; ms a step"
        )
        for race in races { try report(race) }
    }

    private func report(_ race: Race) throws {
        let products = race.contestants[0].times.median, dense = race.contestants[1].times.median
        let table = csv.map {
            CSVFile(
                path: $0,
                header:
                    "name,activation,batch,rounds,median,minimum,maximum,toProducts,toDense,bound,images,steps,kernels,"
                        + "revision"
            )
        }
        func add(_ name: String, _ times: Spread, bound: Contestant.Bound? = nil) throws {
            let toProducts = times.median / products, toDense = times.median / dense
            var line = name.padding(toLength: 38, withPad: " ", startingAt: 0), limit = ""
            line += String(
                format: "%8.3f%8.3f%8.3f%11.3f%8.3f", times.median, times.minimum, times.maximum, toProducts, toDense)
            switch bound {
            case .rate(let least):
                let rate = products / times.median
                line +=
                    "  " + String(format: "%.3f of the products' rate", rate)
                    + " ≥ \(least): \(rate >= least ? "kept" : "MISSED")"
                limit = "rate >= \(least)"
            case .dense(let most):
                line += "  dense ≤ \(most): \(toDense <= most ? "kept" : "MISSED")"
                limit = "dense <= \(most)"
            case nil: break
            }
            print(line)
            try table?.append([
                "\"\(name)\"", "\(activation)", "\(race.batch)", "\(rounds)", "\(times.median)", "\(times.minimum)",
                "\(times.maximum)", "\(toProducts)", "\(toDense)", limit, "\(images)", "\(steps)", Backend.kernels,
                revision(),
            ])
        }
        print()
        print(
            "batch \(race.batch)".padding(toLength: 38, withPad: " ", startingAt: 0)
                + "  median     min     max  /products  /dense  bound")
        for contestant in race.contestants { try add(contestant.name, contestant.times, bound: contestant.bound) }
        for (name, stepper) in race.steppers {
            for part in stepper.parts { try add("\(name): \(part.name)", part.times) }
        }
        print("paths of the predicted step: " + race.paths.map(\.rawValue).joined(separator: ", "))
    }
}

MLPStep.main()
