import DataParallel
import Testing

@Suite struct ExchangeLabelTests {
    @Test(arguments: [
        ("full", ExchangeOptions(.full)), ("full-ring", ExchangeOptions(.allReduce(.expanded, .ring))),
        ("dynamic", ExchangeOptions(.dynamic)),
        ("dynamic-ring", ExchangeOptions(.allReduce(.learned, .ring))), ("owned", ExchangeOptions(.owned)),
        ("owned-bfloat16", ExchangeOptions(.sharded(.bfloat16))), ("lowrank4", ExchangeOptions(.powerSGD(rank: 4))),
        ("lowrank4-ring", ExchangeOptions(.powerSGD(rank: 4, of: .learned, .ring))),
        ("lowrank1-full", ExchangeOptions(.powerSGD(rank: 1, of: .expanded))),
        ("lowrank2-full-ring", ExchangeOptions(.powerSGD(rank: 2, of: .expanded, .ring))),
        ("average10", ExchangeOptions(.localSGD(every: 10))),
        ("average10-ring", ExchangeOptions(.localSGD(every: 10, .ring))),
        ("full-fixed", ExchangeOptions(.full, reduction: .fixed)),
        ("dynamic-fixed", ExchangeOptions(.dynamic, reduction: .fixed)),
        ("owned-fixed", ExchangeOptions(.owned, reduction: .fixed)),
    ])
    func aLabelIsAnExchange(label: String, options: ExchangeOptions) {
        #expect(ExchangeOptions(label: label) == options)
        #expect(options.label == label)
    }

    @Test(arguments: [
        "", "-", "nothing", "owned-ring", "dynamic-bfloat16", "full-", "full-full", "dynamic4", "lowrank", "lowrank0",
        "lowrank04",
        "lowrank1001", "lowrank4-ring-full", "average1", "average", "average10-full", "owned-bfloat16-ring",
        "full-ring-ring", "Full",
        "lowrank4-fixed", "average10-fixed", "owned-bfloat16-fixed", "dynamic-ring-fixed", "dynamic-fixed-ring",
        "owned-fast",
    ])
    func otherWordsAreNone(label: String) {
        #expect(ExchangeOptions(label: label) == nil)
    }
}
