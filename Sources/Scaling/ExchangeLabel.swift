import DataParallel

extension ExchangeOptions {
    /// One word for what the options choose, as tables of measurements have it: nothing is said of a default.
    public var label: String {
        var label =
            switch kind {
            case .allReduce(.expanded, _): "full"
            case .allReduce(.learned, _): "dynamic"
            case .sharded: "owned"
            case .powerSGD(let rank, let gradient, _): "lowrank\(rank)" + (gradient == .expanded ? "-full" : "")
            case .localSGD(let every, _): "average\(every)"
            }
        if wire != .float32 { label += "-\(wire.rawValue)" }
        if reduction != .fast { label += "-\(reduction.rawValue)" }
        if algorithm == .ring { label += "-ring" }
        return label
    }

    /// The labels that there are, for readers: R is a rank of PowerSGD, H a number of steps.
    public static let labels =
        "full, dynamic, owned, owned-bfloat16, lowrankR, lowrankR-full, averageH; all but owned also with -ring; "
        + "full, dynamic and owned also with -fixed, the sums of --reduction fixed, on 1 to \(ShardTree.shards) ranks"

    /// Nil where no exchange has that label.
    public init?(label: String) {
        let parts = label.split(separator: "-", omittingEmptySubsequences: false)
        let name = parts[0].prefix { !$0.isNumber }, number = Int(parts[0].dropFirst(name.count)) ?? 0
        let algorithm: AllReduceAlgorithm = parts.last == "ring" ? .ring : .mpi
        let reduction: ReductionOrder = parts.last == "fixed" ? .fixed : .fast
        switch name {
        case "owned": self.init(.sharded(parts.last == "bfloat16" ? .bfloat16 : .float32), reduction: reduction)
        case "full", "dynamic":
            self.init(.allReduce(name == "full" ? .expanded : .learned, algorithm), reduction: reduction)
        case "lowrank" where (1...1000).contains(number):
            let gradient: Gradient = parts.dropFirst().first == "full" ? .expanded : .learned
            self.init(.powerSGD(rank: number, of: gradient, algorithm))
        case "average" where (2...1_000_000).contains(number): self.init(.localSGD(every: number, algorithm))
        default: return nil
        }
        // What was not understood is missing in the label of what was.
        if self.label != label { return nil }
    }
}
