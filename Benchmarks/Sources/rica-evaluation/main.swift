import ArgumentParser
import BenchmarkSupport
import Foundation
import Layers
import LinearAlgebra
import Runs

struct RICAEvaluation: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rica-evaluation",
        abstract: "Times an evaluation of the RICA objective against its two products, one thread.",
        discussion:
            "Patches of 6×6×3 values. Every round runs everything once, in the same order; the first round is not "
                + "counted.",
        version: RunRecord.colonnade)

    @Option(help: "Patches.")
    var patches = 20_000
    @Option(help: "Features.")
    var features = 400
    @Option(help: "Rounds.")
    var rounds = 15
    @Flag(help: "Time the expanded and pooled paths, too.")
    var allPaths = false
    @Flag(help: "Time the dense evaluation alone, for peers/compare.")
    var dense = false
    @Option(help: "Add a row for each to this file.")
    var csv: String?

    func validate() throws {
        try checkPositive((patches, "--patches"), (rounds, "--rounds"))
        guard features >= 16 else {
            throw ValidationError("--features: expected at least 16, one a column, found \(features)")
        }
    }

    func run() throws {
        Backend.setThreads(1)
        let white = WhitePatches(0..<patches, size: 108)
        var contestants = [
            Contestant.products(white, features: features),
            try .evaluation(white, features: features, learned: nil, columns: 1, path: .expanded),
        ]
        for learned in dense ? [] : [0.1, 0.25, 0.5] {
            for columns in [1, 4, 16] {
                for path in allPaths ? ComputePath.allCases : [.reduced] {
                    contestants.append(
                        try .evaluation(white, features: features, learned: learned, columns: columns, path: path))
                }
            }
        }
        for contestant in contestants { contestant.run() }
        for _ in 0..<rounds {
            for i in contestants.indices { contestants[i].times.add(milliseconds(contestants[i].run)) }
        }
        print(
            "\(patches) patches of 108 values, \(features) features, one thread, \(Backend.kernels) kernels, \(rounds) "
                + "rounds; ms"
        )
        try report(contestants)
    }

    private func report(_ contestants: [Contestant]) throws {
        let products = contestants[0].times.median, dense = contestants[1].times.median
        let table = csv.map {
            CSVFile(
                path: $0,
                header: "name,patches,features,rounds,median,minimum,maximum,toProducts,toDense,bound,kernels,revision")
        }
        print(
            "".padding(toLength: 36, withPad: " ", startingAt: 0) + "  median     min     max  /products  /dense  bound"
        )
        for contestant in contestants {
            let times = contestant.times
            let toProducts = times.median / products, toDense = times.median / dense
            var line = contestant.name.padding(toLength: 36, withPad: " ", startingAt: 0)
            line += String(
                format: "%8.2f%8.2f%8.2f%11.3f%8.3f", times.median, times.minimum, times.maximum, toProducts, toDense)
            if let bound = contestant.bound, let baseline = contestant.baseline {
                let ratio = baseline == .products ? toProducts : toDense
                line += "  \(baseline.rawValue) ≤ \(bound): \(ratio <= bound ? "kept" : "MISSED")"
            }
            print(line)
            try table?.append([
                "\"\(contestant.name)\"", "\(patches)", "\(features)", "\(rounds)", "\(times.median)",
                "\(times.minimum)", "\(times.maximum)", "\(toProducts)", "\(toDense)",
                contestant.bound.map { "\($0)" } ?? "", Backend.kernels,
                revision(),
            ])
        }
    }
}

RICAEvaluation.main()
