import ArgumentParser
import DataParallel

/// The ways of exchange by name.
public enum ExchangeName: String, CaseIterable, ExpressibleByArgument, Sendable { case full, dynamic, owned, lowrank }

extension WireFormat: ExpressibleByArgument {}
extension AllReduceAlgorithm: ExpressibleByArgument {}

/// How ranks exchange values: the options of the jobs that train by stochastic gradient descent.
public struct ExchangeArguments: ParsableArguments {
    /// What `--lowrank-of` approximates.
    public enum Approximated: String, CaseIterable, ExpressibleByArgument, Sendable { case full, dynamic }

    @Option(
        help: ArgumentHelp(
            "What travels: full, the gradient of the expanded weights (the baseline); dynamic, that of the learned "
                + "values; owned, the same to the ranks that update it, and the values back; lowrank, an approximation "
                + "of it (PowerSGD). (default: owned; with --average-every dynamic)",
            valueName: "full|dynamic|owned|lowrank"))
    var exchange: ExchangeName?
    @Option(
        help: ArgumentHelp(
            "Numbers on the wire of --exchange owned; what bfloat16 takes "
                + "from a gradient is added to the next.", valueName: "float32|bfloat16"))
    var wire = WireFormat.float32
    @Option(
        help: ArgumentHelp(
            "Whose sum over ranks the exchanges but owned use: MPI's allreduce or a ring of our own, for slow links. "
                + "(default: mpi)", valueName: "mpi|ring"))
    var allreduce: AllReduceAlgorithm?
    @Option(help: ArgumentHelp("Rank of the approximation of --exchange lowrank. (default: 4)", valueName: "r"))
    var gradientRank: Int?
    @Option(
        help: ArgumentHelp(
            "Which gradient --exchange lowrank approximates: that of the expanded weights or of the learned values. "
                + "(default: dynamic)", valueName: "full|dynamic"))
    var lowrankOf: Approximated?
    @Option(
        help: ArgumentHelp(
            "Steps that a rank makes by itself before the ranks' values are averaged, "
                + "with an outer momentum; 1: every step sums gradients.", valueName: "h"))
    var averageEvery = 1

    public init() {}

    public func validate() throws {
        try check(gradientRank, "--gradient-rank", "1 to 1000") { $0 >= 1 && $0 <= 1000 }
        try check(averageEvery, "--average-every", "1 to 1000000 steps") { $0 >= 1 && $0 <= 1_000_000 }
        if averageEvery > 1 {
            try check(exchange?.rawValue, "--exchange", "dynamic with --average-every, which averages values") {
                $0 == "dynamic"
            }
        }
        let name = name
        if wire != .float32, name != .owned {
            throw ValidationError(
                "--wire \(wire.rawValue): expected --exchange owned, whose owners keep master weights, found "
                    + "\(name.rawValue)"
            )
        }
        if allreduce != nil, name == .owned {
            throw ValidationError(
                "--allreduce: expected --exchange full, dynamic or lowrank, found owned, which sums at the owners")
        }
        if name != .lowrank, gradientRank != nil || lowrankOf != nil {
            throw ValidationError(
                "--gradient-rank and --lowrank-of: expected --exchange lowrank, found \(name.rawValue)")
        }
    }

    /// Refuses what no reproducible reduction goes with.
    ///
    /// - Throws: `ValidationError`.
    public func checkOrder(_ reduction: ReductionOrder) throws {
        guard reduction == .fixed else { return }
        func refuse(_ option: String, _ expected: String, _ found: String) -> ValidationError {
            ValidationError("--reduction fixed: expected \(option) \(expected), found \(found)")
        }
        if name == .lowrank {
            throw refuse("--exchange", "full, dynamic or owned, which sum whole gradients", "lowrank")
        }
        if wire != .float32 {
            throw refuse("--wire", "float32, since rounding leaves something with each rank", wire.rawValue)
        }
        if averageEvery > 1 {
            throw refuse("--average-every", "1, since ranks that step alone see other samples", "\(averageEvery)")
        }
        if let allreduce { throw refuse("no --allreduce,", "since the order is that of neither", allreduce.rawValue) }
    }

    private var name: ExchangeName { exchange ?? (averageEvery > 1 ? .dynamic : .owned) }

    public var options: ExchangeOptions {
        let algorithm = allreduce ?? .mpi
        let kind: ExchangeOptions.Kind =
            switch name {
            case .full: .allReduce(.expanded, algorithm)
            case .dynamic where averageEvery > 1: .localSGD(every: averageEvery, algorithm)
            case .dynamic: .allReduce(.learned, algorithm)
            case .owned: .sharded(wire)
            case .lowrank: .powerSGD(rank: gradientRank ?? 4, of: lowrankOf == .full ? .expanded : .learned, algorithm)
            }
        return ExchangeOptions(kind)
    }
}

/// The choices by option name: those that the result depends on, and those that it does not.
func describe(_ options: ExchangeOptions) -> (settings: [String: String], environment: [String: String]) {
    var all: [String: String]
    switch options.kind {
    case .allReduce(let gradient, _): all = ["exchange": gradient == .expanded ? "full" : "dynamic"]
    case .sharded(let wire): all = ["exchange": "owned", "wire": wire.rawValue]
    case .powerSGD(let rank, let gradient, _):
        all = [
            "exchange": "lowrank", "gradient-rank": "\(rank)", "lowrank-of": gradient == .expanded ? "full" : "dynamic",
        ]
    case .localSGD(let every, _): all = ["exchange": "dynamic", "average-every": "\(every)"]
    }
    if let algorithm = options.algorithm { all["allreduce"] = algorithm.rawValue }
    return options.changesResult ? (all, [:]) : ([:], all)
}
