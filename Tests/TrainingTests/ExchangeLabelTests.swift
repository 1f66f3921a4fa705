import Testing
import Training

@Suite struct ExchangeLabelTests {
    @Test(arguments: [
        ("full", ExchangeOptions(.full)), ("full-ring", ExchangeOptions(.full, allreduce: .ring)), ("dynamic", ExchangeOptions(.dynamic)),
        ("dynamic-ring", ExchangeOptions(.dynamic, allreduce: .ring)), ("owned", ExchangeOptions(.owned)),
        ("owned-bfloat16", ExchangeOptions(.owned, wire: .bfloat16)), ("lowrank4", ExchangeOptions(.lowrank)),
        ("lowrank4-ring", ExchangeOptions(.lowrank, allreduce: .ring)),
        ("lowrank1-full", ExchangeOptions(.lowrank, gradientRank: 1, approximatesExpanded: true)),
        ("lowrank2-full-ring", ExchangeOptions(.lowrank, allreduce: .ring, gradientRank: 2, approximatesExpanded: true)),
        ("average10", ExchangeOptions(.dynamic, averageEvery: 10)),
        ("average10-ring", ExchangeOptions(.dynamic, allreduce: .ring, averageEvery: 10)),
        ("full-fixed", ExchangeOptions(.full, reduction: .fixed)), ("dynamic-fixed", ExchangeOptions(.dynamic, reduction: .fixed)),
        ("owned-fixed", ExchangeOptions(.owned, reduction: .fixed)),
    ])
    func aLabelIsAnExchange(label: String, options: ExchangeOptions) {
        #expect(ExchangeOptions(label: label) == options)
        #expect(options.label == label)
    }

    @Test(arguments: [
        "", "-", "nothing", "owned-ring", "dynamic-bfloat16", "full-", "full-full", "dynamic4", "lowrank", "lowrank0", "lowrank04",
        "lowrank1001", "lowrank4-ring-full", "average1", "average", "average10-full", "owned-bfloat16-ring", "full-ring-ring", "Full",
        "lowrank4-fixed", "average10-fixed", "owned-bfloat16-fixed", "dynamic-ring-fixed", "dynamic-fixed-ring", "owned-fast",
    ])
    func otherWordsAreNone(label: String) {
        #expect(ExchangeOptions(label: label) == nil)
    }
}
