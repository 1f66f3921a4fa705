extension ExchangeOptions {
    /// One word for what the options choose, as tables of measurements have it: nothing is said of a default.
    public var label: String {
        var label = name.rawValue
        if name == .lowrank { label += "\(gradientRank)" + (approximatesExpanded ? "-full" : "") }
        if averageEvery > 1 { label = "average\(averageEvery)" }
        if wire != .float32 { label += "-\(wire.rawValue)" }
        if reduction != .fast { label += "-\(reduction.rawValue)" }
        if allreduce != .mpi { label += "-\(allreduce.rawValue)" }
        return label
    }

    /// The labels that there are, for readers: R is a rank of PowerSGD, H a number of steps.
    public static let labels = "full, dynamic, owned, owned-bfloat16, lowrankR, lowrankR-full, averageH; all but owned also with -ring; "
        + "full, dynamic and owned also with -fixed, the sums of --reduction fixed, on 1 to \(ShardTree.shards) ranks"

    /// Nil where no exchange has that label.
    public init?(label: String) {
        let parts = label.split(separator: "-", omittingEmptySubsequences: false)
        let name = parts[0].prefix { !$0.isNumber }, number = Int(parts[0].dropFirst(name.count)) ?? 0
        let allreduce: AllReduceAlgorithm = parts.last == "ring" ? .ring : .mpi
        let reduction: ReductionOrder = parts.last == "fixed" ? .fixed : .fast
        switch name {
        case "owned": self.init(.owned, wire: parts.last == "bfloat16" ? .bfloat16 : .float32, reduction: reduction)
        case "full", "dynamic": self.init(name == "full" ? .full : .dynamic, allreduce: allreduce, reduction: reduction)
        case "lowrank" where (1...1000).contains(number):
            self.init(.lowrank, allreduce: allreduce, gradientRank: number, approximatesExpanded: parts.dropFirst().first == "full")
        case "average" where (2...1_000_000).contains(number): self.init(.dynamic, allreduce: allreduce, averageEvery: number)
        default: return nil
        }
        // What was not understood is missing in the label of what was.
        if self.label != label { return nil }
    }
}
