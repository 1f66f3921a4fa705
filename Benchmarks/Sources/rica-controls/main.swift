import ArgumentParser
import BenchmarkSupport
import Datasets
import Foundation
import LinearAlgebra
import Parallel
import RICA
import Runs

extension Encoder: @retroactive ExpressibleByArgument {}

struct Options: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rica-controls",
        abstract: "The accuracy of what learned features are compared with: raw pixels, random patches as filters.",
        discussion: "The same encoder and classifier as in the job rica. Runs under mpirun, srun or by hand.",
        version: RunRecord.colonnade)

    @Option(help: "pixels or patches.")
    var control: Control
    @Option(help: "Data set, as in the job rica.")
    var dataset = "sample"
    @Option(help: "Folder that holds the data set. (default: $COLONNADE_DATA, else data)")
    var data: String?
    @Option(help: "Filters.")
    var features = 400
    @Option(help: "Side of a patch in pixels. (default: 6; stl10: 10)")
    var patch: Int?
    @Option(help: "Patches of a run of rica: the whitening is fitted on ten times as many.")
    var patches = 20_000
    @Option(help: "What becomes of a response before it is summed: abs, smooth, rectified.")
    var encoder = Encoder.abs
    @Option(help: "Seed of the patches.")
    var seed: UInt64 = 1
    @Option(help: "Add a row to this file, in the columns of Benchmarks/fig6.")
    var csv: String?

    func validate() throws {
        try checkPositive((features, "--features"), (patches, "--patches"), (patch ?? 2, "--patch"))
    }
}

let options = Options.parseOrExit()
Parallel.run(job: "rica-controls") { world in
    Backend.setThreads(1)
    let clock = ContinuousClock(), start = clock.now
    let settings = RICASettings(
        dataset: options.dataset, seed: options.seed, learned: nil,
        patch: options.patch ?? (options.dataset == "stl10" ? 10 : 6), patches: options.patches,
        features: options.features, encoder: options.encoder)
    let data = try world.agree { try Dataset.open(options.dataset, data: options.data) }
    let images = try options.control.encode(data, settings: settings, world: world)
    let evaluation = Evaluation(train: images.train, test: images.test, classes: data.classes)
    try evaluation.run(
        subsets: data.folds ?? [Array(0..<images.train.total)], cost: settings.cost, communicator: world)
    guard world.isRoot else { return }
    let seconds = (clock.now - start) / .seconds(1)
    let interval = evaluation.interval.map { String(format: " ± %.2f (90 %% interval over folds)", 100 * $0) } ?? ""
    print(
        "\(options.dataset), \(options.control.rawValue), \(images.width) numbers an image: accuracy "
            + String(format: "%.2f %%", 100 * evaluation.accuracy) + interval + String(format: ", %.1f s", seconds))
    if let path = options.csv {
        let pixels = options.control == .pixels
        try CSVFile(
            path: path,
            header:
                "dataset,seed,features,learned,columns,alpha,iterations,encoder,accuracy,interval,dynamicParameters,"
                    + "learnedParameters,seconds"
        ).append([
            options.dataset, "\(options.seed)", "\(pixels ? images.width : options.features)", options.control.rawValue,
            "", "", "", pixels ? "" : options.encoder.rawValue, "\(evaluation.accuracy)",
            evaluation.interval.map { "\($0)" } ?? "", "0", "0", String(format: "%.1f", seconds),
        ])
    }
}
