import ArgumentParser
import BenchmarkSupport
import DataParallel
import Datasets
import Foundation
import Layers
import LinearAlgebra
import Networks
import Parallel
import Runs

/// The exchanges whose ranks are held against their twin.
enum ExchangeName: String, CaseIterable, ExpressibleByArgument {
    case dynamic, owned

    var kind: ExchangeOptions.Kind { self == .dynamic ? .dynamic : .owned }
}

/// The nets that are timed.
enum Net: String, CaseIterable, ExpressibleByArgument {
    case mlp, convnet
}

struct Options: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "network-ranks",
        abstract: "Prints the median time of a step of a net, on the ranks it is started with, in milliseconds.",
        discussion:
            "Started by Benchmarks/ranks: under mpirun with the whole batch, twice by hand with half of it each, once "
                + "with all.",
        version: RunRecord.colonnade)

    @Option(help: "mlp: 784-500-500-10; convnet: the paper's for CIFAR-10, without dropout.")
    var net = Net.mlp
    @Flag(help: "Kernels that go on beyond their filter's window; convnet only.")
    var open = false
    @Option(help: "Training images.")
    var images = 20_000
    @Option(help: "Samples of a step, on all ranks together.")
    var batch = 1000
    @Option(help: "Proportion learned, each layer on the path that the job would choose. (default: dense layers)")
    var learned: Double?
    @Option(help: "Columns; mlp only.")
    var columns = 10
    @Option(help: "dynamic or owned. One rank by itself moves nothing with dynamic.")
    var exchange = ExchangeName.dynamic
    @Option(help: "Epochs; the median is over them, of their time by steps.")
    var epochs = 15
    @Option(help: "Wait until this time, in seconds since 1970, so that two processes begin together.")
    var startAt: Double?

    func validate() throws {
        try checkPositive((batch, "--batch"), (columns, "--columns"), (epochs, "--epochs"))
        guard images >= batch else {
            throw ValidationError("--images: expected at least a batch of \(batch), found \(images)")
        }
        guard columns <= 500 else {
            throw ValidationError("--columns: expected at most one a unit, 500, found \(columns)")
        }
        guard learned.map({ $0 > 0 && $0 <= 1 }) ?? true else {
            throw ValidationError("--learned: expected a proportion above 0, at most 1, found \(learned!)")
        }
    }
}

let options = Options.parseOrExit()
Parallel.run(job: "network-ranks") { world in
    Backend.setThreads(1)
    let settings: NetworkSettings, model: NetworkModel, paths: [ComputePath], images: MatrixSamples
    switch options.net {
    case .mlp:
        settings = NetworkSettings(
            learned: options.learned, columns: options.columns, batch: options.batch, epochs: options.epochs)
        let samples = (options.batch + world.size - 1) / world.size
        let net = try Perceptron(settings: settings, images: .random(options.images), samples: samples)
        (model, paths, images) = (net.model, net.paths, net.samples)
    case .convnet:
        let weights = options.learned.map { Convnet.weights($0, isOpen: options.open) }
        settings = try Convnet.settings(weights, batch: options.batch, epochs: options.epochs)
        model = try NetworkModel(settings)
        paths = try NetworkPlan(
            settings, exchange: ExchangeOptions(options.exchange.kind), ranks: world.size, forced: nil,
            training: options.images
        ).stages[0].paths
        images = .random(options.images, of: Convnet.input)
    }
    let descent = NetworkDescent(
        model, settings: settings, learningRate: settings.learningRate, paths: paths, samples: images,
        exchange: ExchangeOptions(options.exchange.kind), onDivergence: "training", communicator: world,
        timer: StepTimer()
    ).descent

    while let start = options.startAt, Date().timeIntervalSince1970 < start {}
    try world.barrier()
    var times = Spread(), previous = (steps: 0, seconds: 0.0)
    try descent.run(samples: Array(0..<options.images)) { epoch in
        times.add(1e3 * (epoch.seconds - previous.seconds) / Double(epoch.steps - previous.steps))
        previous = (epoch.steps, epoch.seconds)
    }
    // A median over epochs, so a twin that is alone for the last of them does not show.
    if world.isRoot { print(String(format: "%.4f", times.median)) }
}
