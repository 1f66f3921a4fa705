import LinearAlgebra
import Scaling
import Testing

/// The constants of exchanges whose times are noisy: a table without noise ends every descent well.
@Suite struct ExchangeFitTests {
    /// Two links and two algorithms on them, four configurations, ranks of 2 to 8; on the first link hops and bytes
    /// take about as long. A time is off by as much as `noise`.
    private func measured(noise: Double, seed: UInt64) -> [MeasuredExchange] {
        let latency = [40e-6, 8e-6], perByte = [3e-9, 2e-9, 4e-8, 1e-8], handling = [0, 4e-10, 2e-9, 1e-9]
        var draws = [Float](repeating: 0, count: 64)
        draws.withUnsafeMutableBufferPointer { RandomStream(seed: seed, purpose: .patches).fillUniform($0, in: -1..<1) }
        var rows: [MeasuredExchange] = []
        for link in 0..<2 {
            for configuration in 0..<4 {
                for ranks in [2, 3, 4, 8] {
                    let payload = 16_000 * Double(1 << (2 * configuration)), algorithm = configuration % 2
                    let hops = Double(algorithm == 0 ? 2 * (ranks - 1) : ranks),
                        bytes = 2 * Double(ranks - 1) / Double(ranks) * payload
                    let (h, b) = (hops * latency[link], bytes * perByte[2 * link + algorithm])
                    let seconds = (h * h + b * b).squareRoot() + payload * handling[configuration]
                    rows.append(
                        MeasuredExchange(
                            seconds: seconds * (1 + noise * Double(draws[rows.count])), hops: hops, bytes: bytes,
                            payload: payload,
                            latency: link, perByte: 2 + 2 * link + algorithm, handling: 6 + configuration,
                            leastPerByte: 0.5 * perByte[2 * link + algorithm]))
                }
            }
        }
        return rows
    }

    @Test func withoutNoiseNothingIsLeft() {
        #expect(ExchangeFit.constants(10, of: measured(noise: 0, seed: 1)).squares < 1e-12)
    }

    /// A step that gains a millionth or less ends the fit. Where each step gains at most half of what the one before
    /// did, no more than as much again is left.
    @Test(arguments: [0.2, 0.5, 0.8], 1...20 as ClosedRange<UInt64>)
    func noConstantMovedIsBetter(noise: Double, seed: UInt64) {
        let rows = measured(noise: noise, seed: seed), fit = ExchangeFit.constants(10, of: rows)
        #expect(fit.squares == ExchangeFit.squares(fit.x, rows) && fit.x.allSatisfy { $0 >= 0 })
        let sizes = [40e-6, 8e-6, 3e-9, 2e-9, 4e-8, 1e-8, 4e-10, 4e-10, 2e-9, 1e-9]
        for k in fit.x.indices {
            for change in [-0.01, 0.01] {
                var x = fit.x
                x[k] = max(0, x[k] + change * max(x[k], 0.1 * sizes[k]))
                #expect(ExchangeFit.squares(x, rows) > fit.squares * (1 - 2e-6), "constant \(k) by \(change)")
            }
        }
    }
}
