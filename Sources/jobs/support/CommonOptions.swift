import ArgumentParser
import DataParallel
import Datasets
import Foundation
import Layers
import Runs
import Storage

extension AlphaSampling: ExpressibleByArgument {}
extension ComputePath: ExpressibleByArgument {}
extension ProgressLog.Style: ExpressibleByArgument {}
extension ReductionOrder: ExpressibleByArgument {}

/// `--compute`: a path, or the cheapest.
public enum ComputeChoice: String, CaseIterable, ExpressibleByArgument, Sendable {
    case auto, expanded, pooled, reduced

    /// Nil: the job chooses.
    public var path: ComputePath? { ComputePath(rawValue: rawValue) }
}

/// `--basis`: what learned values mean.
public enum Basis: String, CaseIterable, ExpressibleByArgument, Sendable {
    case ridge, raw, orthonormal
}

/// `--resume`: what becomes of a run that is in the run directory.
public enum Resume: String, CaseIterable, ExpressibleByArgument, Sendable {
    case auto, never
}

/// A local time, written as 2026-11-29T14:00:00.
public struct LocalTime: ExpressibleByArgument, Sendable {
    public let date: Date

    public init?(argument: String) {
        guard let date = TimeLimit.date(argument) else { return nil }
        self.date = date
    }
}

/// The options that every job has.
public struct CommonOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Data set: \(Dataset.names.joined(separator: ", ")).", valueName: "name"))
    public var dataset = "sample"
    @Option(
        help: ArgumentHelp(
            "Folder that holds the data set, or its folder of the usual name. (default: $COLONNADE_DATA, else data)",
            valueName: "dir"))
    public var data: String?
    @Option(help: ArgumentHelp("Where the run leaves its files. (default: runs/JOB-DATASET)", valueName: "dir"))
    public var runDir: String?
    @Option(help: ArgumentHelp("Seed of every random draw. (default: 1)", valueName: "n"))
    public var seed: UInt64?
    @Option(
        name: .customLong("init"),
        help: ArgumentHelp(
            "Start from the weights in this file, a model of the same job or dense weights with PyTorch's names, by "
                + "least squares where they are predicted otherwise. (default: at random)", valueName: "file"))
    public var initial: String?
    @Option(
        help: ArgumentHelp(
            "Proportion of the weights that is learned, above 0 and at most 1: a number or a fraction such as 20/784. "
                + "(default: 0.5; mlp: 0.1; convnet: 0.25)", valueName: "p"))
    public var learned: Proportion?
    @Option(
        help: ArgumentHelp("Columns, each with an α of its own. (default: 4; mlp: 10; convnet: 1)", valueName: "j"))
    public var columns: Int?
    @Option(
        help: ArgumentHelp(
            "Whether columns sample their α each for itself, or all use one (the control). "
                + "(default: distinct)", valueName: "distinct|shared"))
    public var alpha: AlphaSampling?
    @Option(
        help: ArgumentHelp(
            "Dictionary that predicts the other weights: \(DictionaryKind.all.map(\.name).joined(separator: ", ")), "
                + "or dense, which predicts none; mlp: the last of several names holds for all layers after it; rica: "
                + "one, not ae, lowrank or dense; convnet: one, not dense, for layers that name none. (default: se; "
                + "mlp: se,emp)", valueName: "name,name"))
    public var dictionary: String?
    @Option(
        help: ArgumentHelp(
            "σ of the kernel se, in pixels, 0.001 to 1000000; auto: half of the distance between neighbours of α. "
                + "(default: 1)", valueName: "s|auto"))
    public var sigma: Sigma?
    @Option(
        help: ArgumentHelp(
            "λ of the kernel ridge, U = kᵀ(K + λI)⁻¹. (default: 0.1; covariances: 0.001)", valueName: "l"))
    public var ridge: Double?
    @Option(
        help: ArgumentHelp(
            "What w means: kernels with their ridge, raw kernel rows U = kᵀ, or for every dictionary an orthonormal "
                + "basis of its span, in which a rate and a bound on norms mean what they mean for a dense layer. "
                + "(default: ridge)", valueName: "ridge|raw|orthonormal"))
    public var basis: Basis?
    @Flag(help: "The same as --basis raw.")
    public var raw = false
    @Flag(help: "Predict nothing: an ordinary layer.")
    public var dense = false
    @Option(
        help: ArgumentHelp(
            "How predicted layers are computed; auto takes the cheapest by estimate.",
            valueName: "auto|expanded|pooled|reduced"))
    public var compute = ComputeChoice.auto
    @Option(
        help: ArgumentHelp(
            "How sums over samples are formed: fast, or fixed, in an order that gives the same model file at 1 to 8 "
                + "ranks of one kind of processor, and costs time.",
            valueName: "fast|fixed"))
    public var reduction = ReductionOrder.fast
    @Option(help: ArgumentHelp("BLAS threads of a rank.", valueName: "n"))
    public var threads = 1
    @Option(help: ArgumentHelp("End the job when one MPI call waits longer than this many seconds.", valueName: "s"))
    public var stallAfter = 300.0
    @Option(
        help: ArgumentHelp("Also write every layer as ordinary dense weights, a safetensors file.", valueName: "file"))
    public var exportExpanded: String?
    @Flag(
        name: .customLong("validate"),
        help: ArgumentHelp(
            "Search the listed values of what is not given, on a fixed part of the training images "
                + "(rica: a fifth; mlp and convnet: a sixth)."))
    public var searches = false
    @Option(
        help: ArgumentHelp(
            "Seconds from one checkpoint to the next. (default: 600, rarer where they would take more than 1 % of the "
                + "time)", valueName: "s"))
    public var checkpointEvery: Double?
    @Option(
        help: ArgumentHelp(
            "auto: the run directory's run goes on where it was; never: what it left is removed, and it begins anew.",
            valueName: "auto|never"))
    public var resume = Resume.auto
    @Option(
        help: ArgumentHelp(
            "Keep a checkpoint and end with code 75 before this local time, as in 2026-11-29T14:00:00. "
                + "(default: the end of the Slurm job)", valueName: "time"))
    public var stopBefore: LocalTime?
    @Option(
        help: ArgumentHelp(
            "Steps, or iterations of rica, from one comparison of all ranks' values to the next. (default: none)",
            valueName: "n"))
    public var checkReplicas: Int?
    @Flag(help: "Print sizes, bytes a step, memory a rank and the path chosen, then end.")
    public var dryRun = false
    @Option(
        help: ArgumentHelp(
            "What is told on the way: auto (a line at most every 10 s), bar, line, none.",
            valueName: "auto|bar|line|none"))
    public var progress = ProgressLog.Style.auto

    public init() {}

    /// What `--help` says of every job that leaves runs.
    public static let aboutRuns = """
        Runs under mpirun, srun or by hand. A run leaves run.json, metrics.csv, model.safetensors, filters.png, \
        predictions.csv and result.json in its run directory.
        A run that was killed or stopped goes on when the same command is started again.
        Exit codes: 0 done, 1 failed, 64 wrong options or launch, 65 bad or missing data, 75 stopped: start me again.
        """

    /// The dictionaries given with `--dictionary`; nil stands for a dense layer.
    public var dictionaries: [DictionaryKind?]? {
        dictionary?.split(separator: ",", omittingEmptySubsequences: false).map { DictionaryKind(named: $0) }
    }

    /// `--basis` or its other name.
    public var chosenBasis: Basis? { raw ? .raw : basis }

    /// `--sigma`, `--ridge` and `--basis`, as a network's layers take them.
    public var kernel: KernelSpec {
        let form: KernelForm? =
            switch chosenBasis {
            case .orthonormal: .orthonormal
            case .raw: .raw
            case .ridge, nil: ridge.map { .ridge($0) }
            }
        return KernelSpec(sigma: sigma.map(\.pixels) ?? 1, form: form)
    }

    /// Refuses `--sigma`, `--ridge` and `--basis` where none of the dictionaries uses them.
    public func checkKernel(_ kinds: [DictionaryKind]) throws {
        if sigma != nil, !kinds.contains(.se) {
            throw ValidationError("--sigma has no meaning without the dictionary se")
        }
        if ridge != nil || chosenBasis == .raw || chosenBasis == .ridge,
            !kinds.contains(where: { $0.traits.contains(.kernel) })
        {
            throw ValidationError(
                "--ridge, --raw and --basis ridge or raw have no meaning without one of the dictionaries se, emp and "
                    + "emp2")
        }
        if chosenBasis == .orthonormal {
            if kinds.isEmpty { throw ValidationError("--basis has no meaning where no layer is predicted") }
            if let kind = kinds.first(where: { $0.traits.contains(.learned) }) {
                throw ValidationError("--basis orthonormal: expected a U that is not learned, found \(kind.name)")
            }
        }
    }

    /// The kernel by option name, as far as the dictionaries use it.
    public func describedKernel(_ kinds: [DictionaryKind]) -> [String: String] {
        var all: [String: String] = [:]
        if kinds.contains(.se) { all["sigma"] = kernel.sigma.map { "\($0)" } ?? "auto" }
        if chosenBasis == .orthonormal {
            all["basis"] = Basis.orthonormal.rawValue
        } else if kinds.contains(where: { $0.traits.contains(.kernel) }) {
            all["ridge"] =
                switch kernel.form {
                case .raw, .orthonormal: "raw"
                case .ridge(let ridge): "\(ridge)"
                case nil: "by dictionary"
                }
        }
        return all
    }

    /// Refuses a rank count at which `--reduction` cannot keep its promise.
    ///
    /// - Throws: `OptionError`.
    public func checkRanks(_ ranks: Int) throws {
        if !reduction.works(ranks: ranks) {
            throw OptionError(
                "--reduction fixed: expected 1 to \(ShardTree.shards) ranks, one for each of its shards, found "
                    + "\(ranks): start fewer, or give --reduction fast")
        }
    }

    /// Refuses an `--export-expanded` that cannot be written: better known before learning.
    ///
    /// - Parameter bytes: what will be written.
    /// - Throws: `WriteError`, `TrainingError`.
    public func checkExport(bytes: Int) throws {
        guard let path = exportExpanded else { return }
        // Made and not kept.
        _ = try AtomicFile(path: path)
        let folder = (path as NSString).deletingLastPathComponent
        do {
            try checkFreeSpace(in: folder.isEmpty ? "." : folder, for: bytes, "--export-expanded")
        } catch { throw TrainingError("\(error): name another file with it") }
    }

    /// `--reduction` as a setting by option name: the order that is not fixed is none.
    public var reductionSetting: [String: String] { reduction == .fast ? [:] : ["reduction": reduction.rawValue] }

    public func validate() throws {
        guard Dataset.names.contains(dataset) else {
            throw ValidationError(
                "--dataset: expected one of \(Dataset.names.joined(separator: ", ")), found '\(dataset)'")
        }
        try checkName(data, "--data", "a folder")
        try checkName(runDir, "--run-dir", "a folder")
        try checkName(exportExpanded, "--export-expanded", "a file")
        try checkName(initial, "--init", "a file")
        try check(columns, "--columns", "at least 1") { $0 >= 1 }
        try check(ridge, "--ridge", "a number above 0") { $0 > 0 && $0.isFinite }
        try check(threads, "--threads", "1 to 1024") { $0 >= 1 && $0 <= 1024 }
        try check(checkpointEvery, "--checkpoint-every", "seconds from 0 to 1000000000") { $0 >= 0 && $0 <= 1e9 }
        try check(checkReplicas, "--check-replicas", "1 to 1000000 steps") { $0 >= 1 && $0 <= 1_000_000 }
        try check(stallAfter, "--stall-after", "seconds above 0") { $0 > 0 }
        if raw, let basis, basis != .raw {
            throw ValidationError("--raw is --basis raw: give one of them, found --basis \(basis.rawValue), too")
        }
        if let chosenBasis, chosenBasis != .ridge, ridge != nil {
            throw ValidationError(
                "--basis \(chosenBasis.rawValue) has no ridge: give --ridge, or --basis (--raw), not both")
        }
        if dense,
            learned != nil || columns != nil || alpha != nil || sigma != nil || ridge != nil || chosenBasis != nil
                || dictionary != nil
        {
            throw ValidationError(
                "--dense predicts nothing, so --learned, --columns, --alpha, --dictionary, --sigma, --ridge, --basis "
                    + "and --raw have no meaning with it")
        }
        if dense, compute == .pooled || compute == .reduced {
            throw ValidationError("--compute \(compute.rawValue): a dense layer is only computed expanded")
        }
    }
}

/// Throws a `ValidationError` naming the option where an empty name was given.
public func checkName(_ name: String?, _ option: String, _ expected: String) throws {
    if name?.isEmpty == true { throw ValidationError("\(option): expected \(expected), found an empty name") }
}

/// Throws a `ValidationError` naming the option where a value that was given does not hold.
public func check<Value>(_ value: Value?, _ option: String, _ expected: String, _ holds: (Value) -> Bool) throws {
    if let value, !holds(value) { throw ValidationError("\(option): expected \(expected), found \(value)") }
}
