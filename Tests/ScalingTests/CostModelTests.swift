import Foundation
import Scaling
import TestSupport
import Testing

/// The cost model on tables of machines that keep to it, whose constants are known.
@Suite struct CostModelTests {
    /// Payloads that 2, 4 and 8 divide, so that bytes on the wire are whole.
    private static let nets: [WrittenScaling.Net] = {
        var nets = ["owned", "owned-bfloat16", "dynamic", "dynamic-ring", "full", "full-ring", "lowrank4"].enumerated()
            .map { k, exchange in
                WrittenScaling.Net(
                    learned: 0.1, exchange: exchange,
                    payload: exchange.hasPrefix("full") ? 2_600_000 : 256_000 >> (k % 2))
            }
        for k in nets.indices {
            (nets[k].fixed, nets[k].perSample, nets[k].handling) = (0.001 * Double(7 - k), 4e-5, 1e-10 * Double(k * k))
        }
        var dense = WrittenScaling.Net(learned: 1, exchange: "full", payload: 2_600_000)
        (dense.expand, dense.projectGradient, dense.perSample, dense.handling) = (0, 0, 9e-5, nets[4].handling)
        return nets + [dense]
    }()
    private static let links = [("100mbit", 1e8), ("1gbit", 1e9), ("300mbit", 3e8)]

    /// Strong and weak, on all links.
    private func table(
        _ nets: [WrittenScaling.Net] = nets, ranks: [Int], machine: WrittenScaling = WrittenScaling(), noise: Double = 0
    ) throws -> [ScalingTable.Row] {
        var written = machine, state: UInt64 = 5
        func factor() -> Double {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return 1 + noise * (Double(state >> 11) / 0x1p52 - 1)
        }
        for net in nets {
            for (link, rate) in Self.links {
                for p in ranks {
                    written.add(net, ranks: p, batch: 96, link: link, bitsPerSecond: rate, noise: (factor(), factor()))
                    written.add(
                        net, ranks: p, batch: 96 * p, mode: "weak", link: link, bitsPerSecond: rate,
                        noise: (factor(), factor()))
                }
            }
        }
        return try ScalingTable(text: written.text, path: "t.csv").rows
    }

    private func configuration(_ net: WrittenScaling.Net) -> Configuration {
        Configuration(
            job: "mlp", model: net.model, learned: net.learned, columns: net.learned < 1 ? 10 : 1,
            exchange: ExchangeMethod(net.exchange)!)
    }

    /// Gram matrices of columns of length 1 whose squared distances are above 1e-9 lose at most 1e-16/1e-9 a column:
    /// 1e-6 is ten of them.
    private static let exact = 1e-6

    @Test func crossValidationOverRankCountsAndLinks() throws {
        let rows = try table(ranks: [1, 2, 4, 8])
        let leftOut = rows.filter { $0.ranks == 4 || $0.link == "300mbit" }
        let errors = CrossValidation.errors(
            fitting: rows.filter { $0.ranks != 4 && $0.link != "300mbit" }, predicting: leftOut)
        #expect(errors.count == leftOut.count)
        #expect(errors.allSatisfy { abs($0.error) < Self.exact }, "\(errors.map(\.error).max()!)")
        for one in errors where one.row.ranks > 1 {
            #expect(abs(one.predicted.exchange / one.row.exchange.median - 1) < Self.exact)
            #expect(
                one.predicted.expand == one.row.expand.median
                    && one.predicted.projectGradient == one.row.projectGradient.median)
        }
        let all = CrossValidation.inTurn(rows)
        // Every row above one rank for its rank count, and again for its link.
        #expect(all.count == 2 * rows.filter { $0.ranks > 1 }.count && CrossValidation.error90(all)! < Self.exact)
    }

    /// A measurement that is left out is off by 0.05/0.95 = 0.053 of itself at most. What is predicted in its place is,
    /// to first order, a sum of measurements with weights; where it lies between those that were fitted, the weights
    /// are those of a mean or less, Σw² ≤ 1, so that the noise, uniform to 5 %, moves it by 0.05/√3 = 0.029 in
    /// the standard deviation at most. 15 %, the project's promise, leaves that 3.4 times; what nine of ten keep is
    /// 0.053 + 1.65·0.029 = 0.10.
    @Test func noise() throws {
        let rows = try table(ranks: [1, 2, 3, 4, 6, 8], noise: 0.05)
        let leftOut = rows.filter { $0.ranks == 3 || $0.link == "300mbit" }
        let errors = CrossValidation.errors(
            fitting: rows.filter { $0.ranks != 3 && $0.link != "300mbit" }, predicting: leftOut)
        #expect(errors.allSatisfy { abs($0.error) < 0.15 }, "\(errors.map { abs($0.error) }.max()!)")
        // The noise of the rows left out alone: of compute and exchange in equal parts, where it is smallest, |noise|
        // is above 0.05·(1 − √0.1) = 0.034 in one of ten, with the density 2·√0.1/0.05 = 12.6 there. Of 144
        // rows the quantile has a standard deviation of √(0.1·0.9/144)/12.6 = 0.0020: 0.026 lies four of them below.
        let between = [3, 4, 6].flatMap { ranks in
            CrossValidation.errors(
                fitting: rows.filter { $0.ranks != ranks }, predicting: rows.filter { $0.ranks == ranks })
        }
        let error90 = try #require(CrossValidation.error90(between))
        #expect(between.count == 144 && error90 > 0.026 && error90 < 0.10, "\(between.count) \(error90)")
    }

    @Test func the90PercentErrorIsWhatNineOfTenKeep() throws {
        let rows = try table(ranks: [2, 4, 8]).filter {
            $0.configuration.exchange.label == "owned" && $0.mode == .weak && $0.ranks == 4
        }
        let fit = try table(ranks: [2, 4, 8])
        var machine = WrittenScaling()
        machine.latency = 0.01
        let other = try table(ranks: [4], machine: machine).filter {
            $0.configuration.exchange.label == "owned" && $0.mode == .weak
        }
        let good = CrossValidation.errors(fitting: fit, predicting: rows),
            bad = CrossValidation.errors(fitting: fit, predicting: other)
        #expect(bad.allSatisfy { $0.error < -0.1 }, "hops that take a hundred times as long are not foreseen")
        let nine = good + good + good
        #expect(CrossValidation.error90(nine)! < Self.exact && CrossValidation.error90(nine + [bad[0]])! < Self.exact)
        #expect(CrossValidation.error90(nine + bad)! > 0.1 && CrossValidation.error90([]) == nil)
    }

    /// Ranks that share cores take ⌈P/cores⌉ times as long for their own work and for a hop.
    @Test(arguments: [([1, 2, 4], 2), ([1, 3, 5, 6], 3), ([1, 4, 6], 2), ([1, 4, 6], 3)])
    func sharedCores(ranks: [Int], cores: Int) throws {
        var machine = WrittenScaling()
        machine.cores = cores
        let rows = try table(ranks: ranks, machine: machine), model = CostModel(rows)
        #expect(rows.contains { $0.oversubscribed } && model.cores == cores)
        let most = ranks.last!
        for net in Self.nets {
            let alone = try #require(
                model.predict(configuration(net), ranks: 1, batch: 96, on: Interconnect(link: "100mbit")))
            #expect(
                abs(alone.total / machine.times(net, ranks: 1, batch: 96, bitsPerSecond: 1e8).reduce(0, +) - 1)
                    < Self.exact)
            for ranks in [4, 5] where ranks > cores && ranks <= most {
                let shared = try #require(
                    model.predict(
                        configuration(net), ranks: ranks, batch: 96, on: Interconnect(link: "100mbit"),
                        oversubscribed: true))
                let times = machine.times(net, ranks: ranks, batch: 96, bitsPerSecond: 1e8)
                #expect(
                    abs(shared.total / times.reduce(0, +) - 1) < Self.exact,
                    "\(net.exchange) \(ranks) \(shared) \(times)")
            }
        }
    }

    /// Exchanges that share a bucket's worth of bytes take time only for what is above it, at rates that were not
    /// measured, too; where ranks have cores of their own nothing passes at once. All of some exchanges is within 2 ms
    /// at 1 Gbit/s.
    @Test(arguments: [0.00075, 0.002])
    func whatPassesAtOnce(burst: Double) throws {
        var machine = WrittenScaling()
        (machine.cores, machine.burst) = (2, burst)
        // An exchange in four steps has a quarter of the bucket per step.
        let nets = Self.nets + [WrittenScaling.Net(learned: 0.1, exchange: "average4-ring", payload: 64_000)]
        let rows = try table(nets, ranks: [1, 2, 4, 8, 16], machine: machine), model = CostModel(rows)
        #expect(model.burst == burst)
        let leftOut = rows.filter { $0.link == "300mbit" && $0.ranks > 1 }
        let errors = CrossValidation.errors(fitting: rows.filter { $0.link != "300mbit" }, predicting: leftOut)
        #expect(
            errors.count == leftOut.count && errors.allSatisfy { abs($0.error) < Self.exact },
            "\(errors.map { abs($0.error) }.max()!)")
        for net in nets {
            let time = try #require(
                model.predict(configuration(net), ranks: 4, batch: 96, on: Interconnect(link: "100mbit")))
            #expect(
                abs(time.total / WrittenScaling().times(net, ranks: 4, batch: 96, bitsPerSecond: 1e8).reduce(0, +) - 1)
                    < Self.exact)
        }
    }

    /// The fewest cores are found among numbers that slow all ranks down alike; among a million, few enough to fit
    /// each.
    @Test(arguments: [(1, [5] as Set), (2, [12, 20] as Set), (3, [60, 61, 7] as Set), (1, [64] as Set)])
    func coreCounts(most: Int, ranks: Set<Int>) {
        var seen: Set<[Int]> = []
        let last = ranks.min()! - 1
        let first = (most...last).filter { cores in seen.insert(ranks.sorted().map { ($0 - 1) / cores + 1 }).inserted }
        #expect(CostModel.coreCounts(from: most, to: last, ranks: ranks) == first)
        let many = CostModel.coreCounts(from: 1, to: 999_999, ranks: Set((0..<100).map { 1_000_000 - 997 * $0 }))
        #expect(many.count < 1000 && many == many.sorted() && many[..<64].elementsEqual(1...64))
    }

    /// Threads are counted, so a single rank may share cores.
    @Test func oneRankThatSharesCores() throws {
        var machine = WrittenScaling()
        machine.add(Self.nets[3], ranks: 1, batch: 96, link: "local", bitsPerSecond: 1e9)
        let text = machine.text.replacingOccurrences(of: "false", with: "true")
        #expect(CostModel(try ScalingTable(text: text, path: "t.csv").rows).cores == 1)
    }

    @Test func withoutOversubscribedRowsNothingIsSaidOfThem() throws {
        let model = CostModel(try table(ranks: [1, 2])), net = configuration(Self.nets[3])
        #expect(model.cores == nil)
        #expect(model.predict(net, ranks: 2, batch: 96, on: Interconnect(link: "1gbit"), oversubscribed: true) == nil)
    }

    /// What the user says of a network: rate and latency; algorithms reach what they reached on measured links.
    @Test func anotherNetwork() throws {
        let model = CostModel(try table(ranks: [1, 2, 4, 8]))
        var machine = WrittenScaling()
        machine.latency = 0.003
        for net in Self.nets {
            let network = Interconnect(name: "mine", bitsPerSecond: 4e7, latency: 0.003)
            let time = try #require(model.predict(configuration(net), ranks: 16, batch: 96, on: network))
            let parts = machine.times(net, ranks: 16, batch: 96, bitsPerSecond: 4e7)
            #expect(abs(time.total / parts.reduce(0, +) - 1) < Self.exact, "\(net.exchange)")
            // Without a latency, the measured one.
            let usual = try #require(
                model.predict(
                    configuration(net), ranks: 16, batch: 96,
                    on: Interconnect(name: "mine", bitsPerSecond: 4e7, latency: nil)))
            let expected = WrittenScaling().times(net, ranks: 16, batch: 96, bitsPerSecond: 4e7)[3]
            #expect(abs(usual.exchange / expected - 1) < Self.exact)
        }
        #expect(
            abs(
                model.latency(on: Interconnect(link: "2gbit"), oversubscribed: false).seconds / WrittenScaling().latency
                    - 1) < Self.exact)
    }

    @Test func theLatencyOfTheNextFasterLink() throws {
        var written = WrittenScaling()
        // Ranks on the last link share two cores.
        for (link, rate, latency, cores) in [
            ("100mbit", 1e8, 9e-4, Int.max), ("1gbit", 1e9, 3e-4, Int.max), ("400mbit", 4e8, 5e-4, 2),
        ] {
            (written.latency, written.cores) = (latency, cores)
            for net in Self.nets {
                for p in cores == 2 ? [4, 8, 16] : [1, 2, 4, 8] {
                    written.add(net, ranks: p, batch: 96, link: link, bitsPerSecond: rate)
                }
            }
        }
        let model = CostModel(try ScalingTable(text: written.text, path: "t.csv").rows)
        let asked = [
            ("50mbit", false, "100mbit", 9e-4), ("110mbit", false, "1gbit", 3e-4), ("9gbit", false, "1gbit", 3e-4),
            ("100mbit", true, "400mbit", 5e-4), ("1gbit", true, "400mbit", 5e-4),
        ]
        for (link, oversubscribed, neighbour, latency) in asked {
            let (seconds, source) = model.latency(on: Interconnect(link: link), oversubscribed: oversubscribed)
            #expect(
                abs(seconds / latency - 1) < Self.exact && source == .neighbour(link: neighbour),
                "\(link): \(seconds), \(source)")
        }
        #expect(model.latency(on: Interconnect(link: "fabric"), oversubscribed: false).source == .assumed)
    }

    /// Buffers on the way may let exchanges pass faster than the link's rate; no prediction for ranks with cores of
    /// their own does.
    @Test func noAlgorithmIsFasterThanItsLink() throws {
        var machine = WrittenScaling()
        machine.reached = ["mpi": 1.5, "ring": 1.5, "owned": 1.5]
        machine.latency = 0
        let model = CostModel(try table(ranks: [1, 2, 4], machine: machine))
        for net in Self.nets {
            for link in ["100mbit", "200mbit"] {
                let network = Interconnect(link: link),
                    time = try #require(model.predict(configuration(net), ranks: 4, batch: 96, on: network))
                #expect(
                    time.exchange >= 1.5 * Double(net.payload) * 8 / network.bitsPerSecond! * (1 - 1e-12),
                    "\(net.exchange) on \(link)")
            }
        }
    }

    /// A link whose name is no rate is known by what was measured on it only.
    @Test func linksByName() throws {
        var written = WrittenScaling()
        for p in [1, 2, 4] { written.add(Self.nets[3], ranks: p, batch: 96, link: "fabric", bitsPerSecond: 7e9) }
        let model = CostModel(try ScalingTable(text: written.text, path: "t.csv").rows),
            net = configuration(Self.nets[3])
        let times = written.times(Self.nets[3], ranks: 4, batch: 96, bitsPerSecond: 7e9)
        let known = try #require(model.predict(net, ranks: 4, batch: 96, on: Interconnect(link: "fabric")))
        #expect(abs(known.exchange / times[3] - 1) < Self.exact)
        #expect(model.predict(net, ranks: 4, batch: 96, on: Interconnect(link: "other")) == nil)
        let whole = try #require(model.predict(net, ranks: 4, batch: 96, on: Interconnect(link: "1mbit")))
        // 1.5 times the payload at the whole rate, since none was measured; beside it six hops at the usual latency;
        // and some handling.
        let wire = hypot(1.5 * Double(Self.nets[3].payload) * 8 / 1e6, 6 * CostModel.usualLatency)
        #expect(whole.exchange >= wire * (1 - 1e-9) && whole.exchange < 1.01 * wire)
    }

    @Test func whatWasNotMeasured() throws {
        var written = WrittenScaling()
        let rounds = Self.nets[1]
        for net in [Self.nets[0], rounds] { written.add(net, ranks: 1, batch: 96, link: "1gbit", bitsPerSecond: 1e9) }
        let model = CostModel(try ScalingTable(text: written.text, path: "t.csv").rows),
            link = Interconnect(link: "1gbit")
        #expect(model.predict(configuration(Self.nets[2]), ranks: 1, batch: 96, on: link) == nil)
        for net in [Self.nets[0], rounds] {
            #expect(
                model.predict(configuration(net), ranks: 2, batch: 96, on: link) == nil,
                "its exchange was never seen between ranks")
        }
        #expect(
            try #require(model.predict(configuration(rounds), ranks: 1, batch: 96, on: link)).exchange > 0,
            "it rounds for itself, too")
        let one = try #require(model.predict(configuration(Self.nets[0]), ranks: 1, batch: 96, on: link))
        let expected = written.times(Self.nets[0], ranks: 1, batch: 96, bitsPerSecond: 1).reduce(0, +)
        #expect(one.exchange == 0 && abs(one.total / expected - 1) < 1e-12)
    }

    /// Eight shards are for eight ranks at most; on three, one of them works through three of the eight.
    @Test func aFixedOrder() throws {
        var written = WrittenScaling()
        let net = WrittenScaling.Net(learned: 0.1, exchange: "owned-fixed", payload: 256_000)
        for p in [1, 2, 4, 8] { written.add(net, ranks: p, batch: 96, link: "1gbit", bitsPerSecond: 1e9) }
        let model = CostModel(try ScalingTable(text: written.text, path: "t.csv").rows),
            link = Interconnect(link: "1gbit")
        func predict(_ ranks: Int) -> StepTime? { model.predict(configuration(net), ranks: ranks, batch: 96, on: link) }
        let eight = try #require(predict(8)), times = written.times(net, ranks: 8, batch: 96, bitsPerSecond: 1e9)
        #expect(abs(eight.total / times.reduce(0, +) - 1) < Self.exact && predict(9) == nil)
        #expect(abs(try #require(predict(3)).compute / (net.fixed + net.wait + 36 * net.perSample) - 1) < Self.exact)
    }

    @Test func thePlanIsInOrder() throws {
        let model = CostModel(try table(ranks: [1, 2, 4])), network = Interconnect(link: "300mbit"),
            counts = [1, 2, 4, 8, 16]
        let strong = Plan(model, model.configurations, ranks: counts, batch: 96, mode: .strong, on: network)
        #expect(strong.choices.count == 8 * 5)
        let best = Self.nets.flatMap { net in
            counts.map { p in
                (net, p, WrittenScaling().times(net, ranks: p, batch: 96, bitsPerSecond: 3e8).reduce(0, +))
            }
        }.min { $0.2 < $1.2 }!
        #expect(strong.choices[0].configuration == configuration(best.0) && strong.choices[0].ranks == best.1)
        #expect(zip(strong.choices, strong.choices.dropFirst()).allSatisfy { $0.time.total <= $1.time.total })
        #expect(strong.bestFull?.configuration.exchange.label == "full" && strong.bestFull?.configuration.learned == 1)

        let weak = Plan(model, model.configurations, ranks: counts, batch: 96, mode: .weak, on: network)
        #expect(weak.choices.allSatisfy { $0.batch == 96 * $0.ranks })
        #expect(zip(weak.choices, weak.choices.dropFirst()).allSatisfy { $0.samplesPerSecond >= $1.samplesPerSecond })

        // Few steps outweigh a slow one.
        let steps = Plan(
            model, model.configurations, ranks: counts, batch: 96, mode: .strong, on: network,
            stepsToTarget: { $0.exchange.isFull ? $0.learned == 1 ? 2 : 1000 : nil })
        #expect(steps.choices.count == 3 * 5 && steps.choices[0].configuration.learned == 1)
        #expect(steps.choices[0].secondsToTarget == 2 * steps.choices[0].time.total)
    }

    @Test func forecastAndBreakEven() throws {
        let model = CostModel(try table(ranks: [1, 2, 4])), ethernet = Forecast.networks[0]
        let forecast = Forecast(model, model.configurations, batchPerRank: 96, on: ethernet)
        #expect(forecast.curves.count == 8 && Forecast.ranks.first == 1 && Forecast.ranks.last == 4096)
        var machine = WrittenScaling()
        machine.latency = 50e-6
        func total(_ net: WrittenScaling.Net, _ ranks: Int, _ rate: Double = 1e9) -> Double {
            machine.times(net, ranks: ranks, batch: 96 * ranks, bitsPerSecond: rate).reduce(0, +)
        }
        for (net, curve) in zip(Self.nets, forecast.curves) {
            for (p, time) in zip(Forecast.ranks, curve.times) {
                #expect(abs(time.total / total(net, p) - 1) < Self.exact)
            }
            #expect(
                curve.efficiency[0] == 1 && abs(curve.efficiency[12] - total(net, 1) / total(net, 4096)) < Self.exact)
            let pays = Forecast.ranks.filter { $0 > 1 && total(net, $0) < total(Self.nets[4], $0) }
            #expect(forecast.ranksThatPay(curve) == (net.exchange.hasPrefix("full") ? nil : pays), "\(net.exchange)")
        }
        #expect(
            forecast.ranksThatPay(forecast.curves[3])!.count < 12,
            "a ring's hops grow with the ranks: somewhere it stops")

        // At the rate where both take as long, they do. Owners begin with a larger constant; dynamic has a smaller one
        // at any rate.
        let owned = configuration(Self.nets[0]), dynamic = configuration(Self.nets[2]),
            full = configuration(Self.nets[4])
        let rate = try #require(model.breakEven(owned, with: full, ranks: 16, batch: 1536, latency: 50e-6))
        #expect(abs(total(Self.nets[0], 16, rate) / total(Self.nets[4], 16, rate) - 1) < 1e-4)
        #expect(model.breakEven(dynamic, with: full, ranks: 16, batch: 1536, latency: 50e-6) == .infinity)
        #expect(model.breakEven(full, with: dynamic, ranks: 16, batch: 1536, latency: 50e-6) == nil, "it sends more")
    }
}
