import Runs
import Testing

@Suite struct StatisticsTests {
    @Test func meansAndMedians() {
        #expect(Statistics.mean([1, 2, 6]) == 3)
        #expect(Statistics.median([5, 1, 2]) == 2)
        #expect(Statistics.median([5, 1, 2, 4]) == 3)
        #expect(Statistics.median([]) == nil)
    }

    /// By hand: four values cut the way from the first to the last into thirds.
    @Test(arguments: [(0.0, 1.0), (0.1, 1.3), (0.5, 3), (0.9, 6.8), (1, 8)])
    func quantiles(part: Double, value: Double) {
        #expect(abs(Statistics.quantile(part, ofSorted: [1, 2, 4, 8]) - value) < 1e-12)
        #expect(Statistics.quantile(part, ofSorted: [7]) == 7)
    }

    /// By hand: of 1 … n the variance is n(n + 1)/12, so half an interval is t·√((n + 1)/12). t from printed
    /// tables, which have three decimals up to nine degrees; beyond, the expansion is right to 0.001.
    @Test(arguments: [(2, 6.314), (5, 2.132), (10, 1.833), (11, 1.8125), (16, 1.7531), (30, 1.6991)])
    func intervals(count: Int, t: Double) throws {
        let half = try #require(Statistics.halfInterval90((1...count).map(Double.init)))
        #expect(abs(half / (Double(count + 1) / 12).squareRoot() - t) < 0.001)
    }

    @Test func oneValueHasNoInterval() {
        #expect(Statistics.halfInterval90([3]) == nil)
        #expect(Statistics.halfInterval90([3, 3]) == 0)
    }
}
