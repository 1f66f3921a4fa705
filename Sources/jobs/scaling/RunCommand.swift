import ArgumentParser
import DataParallel
import Datasets
import Foundation
import JobSupport
import Layers
import LinearAlgebra
import Scaling

extension Activation: ExpressibleByArgument {}
extension BatchMode: ExpressibleByArgument {}

/// The command line of `scaling run`.
struct RunCommand: ParsableCommand {
    /// The jobs whose steps can be measured.
    enum Job: String, CaseIterable, ExpressibleByArgument { case mlp, convnet, rica }

    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Measure training steps of mlp and convnet or evaluations of rica.",
        discussion: """
            For every proportion and exchange given, steps are made as the job makes them, after a barrier before the \
            exchange, which tells
            the wait for other ranks from it (not with owned and owned-bfloat16, whose exchange begins during \
            backward). Rows go to
            scaling.csv, a table is printed. The dictionaries of mlp are se and randfixu, which need no data, that of \
            convnet is se.
            """)

    @Option(help: ArgumentHelp("Job whose steps are measured.", valueName: "mlp|convnet|rica"))
    var job = Job.mlp
    @Option(
        help: ArgumentHelp(
            "Data set of mlp and convnet: \(Dataset.names.joined(separator: ", ")). (default: sample)",
            valueName: "name"))
    var dataset: String?
    @Option(
        help: ArgumentHelp(
            "Folder that holds the data set, or its folder of the usual name. (default: $COLONNADE_DATA, else data)",
            valueName: "dir"))
    var data: String?
    @Option(
        help: ArgumentHelp(
            "Noise of that shape (channels, height, width, up to 10000 each and 100000000 together) instead of a data "
                + "set: times do not depend on what inputs hold. (rica always has noise for patches; default: 3x10x10)",
            valueName: "CxHxW"))
    var inputs: TensorShape?
    @Option(
        help: ArgumentHelp(
            "Units of the layers that are predicted, of 16 layers at most; not with convnet. (default: 500,500; rica: "
                + "400, one layer)",
            valueName: "n,n"))
    var widths: String?
    @Option(
        help: ArgumentHelp(
            "Layers of convnet, as 'convnet --help' has them, without learned and dictionary. (default: those of "
                + "convnet)", valueName: "text"))
    var layers: String?
    @Option(
        help: ArgumentHelp(
            "Whether predicted filters of convnet end at their window or go on beyond it. (default: cut)",
            valueName: "cut|open"))
    var window: FilterWindow?
    @Option(
        help: ArgumentHelp("Activation of the hidden layers of mlp. (default: relu)", valueName: "sigmoid|relu|tanh"))
    var activation: Activation?
    @Option(
        help: ArgumentHelp(
            "Samples of a step, rica: patches; of all ranks together, or of each with --mode weak. (default: 100; "
                + "rica: 20000)",
            valueName: "n"))
    var batch: Int?
    @Option(
        help: ArgumentHelp(
            "What stays the same while ranks are added: the batch of all ranks, or that of each.",
            valueName: "strong|weak"))
    var mode = BatchMode.strong
    @Option(
        help: ArgumentHelp(
            "Proportions of the weights that are learned, numbers or fractions above 0 and at most 1; 1: dense layers.",
            valueName: "p,p"))
    var learned = "1,0.1,0.05"
    @Option(
        help: ArgumentHelp(
            "Columns; those of convnet's layers stand in --layers. (default: 10; rica: 4)", valueName: "j"))
    var columns: Int?
    @Option(
        help: ArgumentHelp(
            "Exchanges of mlp and convnet: \(ExchangeOptions.labels). (default: full,dynamic,owned)",
            valueName: "name,name"))
    var exchange: String?
    @Option(
        help: ArgumentHelp("Steps that are measured (rica: iterations, of an evaluation or a few).", valueName: "n"))
    var steps = 200
    @Option(help: ArgumentHelp("Steps before those that are measured.", valueName: "n"))
    var warmUp = 20
    @OptionGroup var measuring: MeasuringOptions

    func validate() throws {
        let settings = try settings
        try check(settings.batch, "--batch", "1 to 1000000000") { ScalingTable.batch.contains($0) }
        try check(steps, "--steps", "1 to 1000000") { ScalingTable.steps.contains($0) }
        try check(units.count, "--widths", "1 to 16 layers") { (1...16).contains($0) }
        try check(warmUp, "--warm-up", "0 to 1000000") { (0...1_000_000).contains($0) }
        let narrowest = try units.min()!
        try check(settings.columns, "--columns", "1 to the \(narrowest) units of the narrowest layer") {
            (1...narrowest).contains($0)
        }
        for exchange in try exchanges where steps % exchange.period != 0 {
            throw ValidationError(
                "--steps: expected a multiple of the \(exchange.period) of \(exchange.label), found \(steps)")
        }
        _ = try proportions
        try check(dataset, "--dataset", "one of \(Dataset.names.joined(separator: ", "))") {
            Dataset.names.contains($0)
        }
        if inputs != nil, dataset != nil || data != nil {
            throw ValidationError(
                "--inputs is noise instead of a data set: give --inputs, or --dataset and --data, not both")
        }
        if job == .convnet {
            if widths != nil || columns != nil || activation != nil {
                throw ValidationError(
                    "--job convnet: its layers stand in --layers, so --widths, --columns and --activation have no "
                        + "meaning with it")
            }
            do { _ = try network(.noise(inputs ?? TensorShape(channels: 1, height: 1, width: 1))) } catch {
                throw ValidationError("--layers: \(error)")
            }
        } else if layers != nil || window != nil {
            throw ValidationError("--layers and --window: expected --job convnet, found \(job.rawValue)")
        }
        guard job == .rica else { return }
        if dataset != nil || data != nil || activation != nil || exchange != nil {
            throw ValidationError(
                "--job rica: its patches are noise, its exchange that of L-BFGS, so --dataset, --data, --activation "
                    + "and --exchange have no meaning with it")
        }
        try check(widths, "--widths", "one layer with --job rica") { !$0.contains(",") }
        try check(inputs, "--inputs", "square patches with --job rica") { $0.height == $0.width }
    }

    /// The proportions in the order given.
    var proportions: [Double] {
        get throws {
            try list(learned, "--learned", "proportions above 0 and at most 1") { Proportion(argument: $0)?.value }
        }
    }

    /// The exchanges of mlp, in the order given.
    var exchanges: [ExchangeOptions] {
        get throws {
            try list(exchange ?? "full,dynamic,owned", "--exchange", "labels of \(ExchangeOptions.labels)") {
                ExchangeOptions(label: $0)
            }
        }
    }

    /// The network of mlp and convnet.
    func network(_ inputs: MeasuredInputs) throws -> MeasuredNetwork {
        if job == .convnet {
            return try .convolutional(layers ?? LayerText.figure5, isOpen: window == .open, inputs: inputs)
        }
        return .perceptron(
            widths: try units, columns: try settings.columns, activation: activation ?? .relu, inputs: inputs)
    }

    /// The units of the layers of mlp and rica.
    var units: [Int] {
        get throws {
            try list(widths ?? (job == .rica ? "400" : "500,500"), "--widths", "1 to 1000000 units a layer") {
                Int($0).flatMap { (1...1_000_000).contains($0) ? $0 : nil }
            }
        }
    }

    var settings: MeasurementSettings {
        get throws {
            let most = switch job {
            case .mlp: 10
            case .convnet: 1
            case .rica: 4
            }
            return MeasurementSettings(
                link: measuring.link, mode: mode, batch: batch ?? (job == .rica ? 20_000 : 100),
                columns: try columns ?? min(most, units.min()!), steps: steps, warmUp: warmUp)
        }
    }

    func run() throws {
        runJob("scaling", threads: measuring.threads, stallAfter: measuring.stallAfter) {
            try measureSteps(self, on: $0)
        }
    }
}

/// A shape written as 3x32x32.
extension TensorShape: ExpressibleByArgument {
    public init?(argument: String) {
        let sizes = argument.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
        guard sizes.count == 3, sizes.allSatisfy({ (1...10_000).contains($0) }), sizes.reduce(1, *) <= 100_000_000
        else { return nil }
        self.init(channels: sizes[0], height: sizes[1], width: sizes[2])
    }
}
