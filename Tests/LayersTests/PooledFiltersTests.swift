import Layers
import LinearAlgebra
import TestSupport
import Testing

@Suite struct PooledFiltersTests {
    static let open = WeightSpec(
        dictionary: .se, kernel: KernelSpec(sigma: 1), proportion: 0.25, columns: 1,
        reach: SquaredExponential.reach(sigma: 1))
    /// Filters of 8×8 in three channels with what lies beyond their window.
    static let grid = TensorShape(channels: 3, height: 20, width: 20)

    /// The same draws as without what lies beyond.
    @Test func atomsAreThoseOfTheWindow() {
        let stream = ColumnStream(seed: 3, layer: 1, column: 0)
        var cut = Self.open
        cut.reach = nil
        let window = Self.open.window(of: Self.grid)
        #expect(window == TensorShape(channels: 3, height: 8, width: 8) && Self.open.atoms(of: Self.grid) == 16)
        #expect(
            Self.open.sampleAtoms(of: Self.grid, stream: stream)
                == cut.sampleAtoms(of: window, stream: stream).map { ($0 / 8 + 6) * 20 + $0 % 8 + 6 })
    }

    /// Blurred, C at the taps is the W that the dictionary predicts: W = k·(inverse·w), where inverse, kernel and U
    /// are rounded to Float, and sums have 16 terms each. Several columns have the taps of all, and 0 at those of
    /// others.
    @Test(arguments: [1, 2]) func blurredTapsAreTheFilters(columns: Int) throws {
        let streams = (0..<columns).map { ColumnStream(seed: 3, layer: 1, column: $0) }
        var spec = Self.open
        spec.columns = columns
        let dictionary = try Self.open.makeDictionary(of: Self.grid)
        let weights = PredictedWeights(
            grid: Self.grid,
            columns: try streams.enumerated().map { j, stream in
                let alpha = Self.open.sampleAtoms(of: Self.grid, stream: stream)
                return Column(
                    units: 2 * j..<2 * j + 2, alpha: alpha,
                    dictionary: try dictionary.matrix(alpha: alpha, stream: stream))
            })
        let filters = try PooledFilters(dictionary, of: weights, spec)
        let all = Set(weights.columns.flatMap(\.alpha)).sorted(), count = all.count, units = 2 * columns
        guard case .blur(let blurring) = filters.pooling else {
            Issue.record("no taps")
            return
        }
        #expect(blurring.taps == all.map { ($0 / 20 - 6) * 8 + $0 % 20 - 6 })
        #expect(columns == 1 ? count == 16 : count > 16 && count < 32)
        let plan = PooledPlan(spec, of: Self.grid) { streams[$0] }
        #expect(plan.isBlurred && plan.count == count)
        let w = normalMatrix(rows: units, columns: 48, stream: 5)
        let c = Matrix<Float>(rows: units, columns: 3 * count), full = Matrix<Float>(rows: units, columns: 1200)
        filters.weights.expand(w, into: c)
        weights.expand(w, into: full)
        for unit in 0..<units {
            let inverse = filters.weights.columns[unit / 2].dictionary!
            for channel in 0..<3 {
                for position in 0..<400 {
                    var sum = 0.0, magnitude = 0.0
                    for (a, tap) in blurring.taps.enumerated() {
                        let down = position / 20 - tap / 8, across = position % 20 - tap % 8
                        guard 0...12 ~= down, 0...12 ~= across else { continue }
                        let k = Double(blurring.kernel[down]) * Double(blurring.kernel[across])
                        sum += k * Double(c[unit, channel * count + a])
                        for b in 0..<16 {
                            magnitude += k * Double(abs(inverse[a, b] * w[unit, channel * 16 + b]))
                        }
                    }
                    let weight = Double(full[unit, channel * 400 + position])
                    #expect(abs(sum - weight) <= floatGamma(64) * magnitude)
                }
            }
        }
    }

    /// What is refused would be rounded worse, or has a kernel that is cut.
    @Test func tapsNeedAKernelOfTheirOwn() {
        var spec = Self.open
        #expect(spec.hasTaps(Self.grid))
        spec.columns = 2
        #expect(spec.hasTaps(Self.grid))
        spec = WeightSpec(dictionary: .se, kernel: KernelSpec(sigma: 1), proportion: 0.25, columns: 1)
        #expect(!spec.hasTaps(Self.grid))
        spec.dictionary = .randcon
        #expect(spec.hasTaps(Self.grid))
        spec = Self.open
        (spec.kernel.sigma, spec.reach) = (4, 24)
        let wide = TensorShape(channels: 1, height: 56, width: 56)
        #expect(!spec.hasTaps(wide))
        spec.kernel.form = .ridge(1)
        #expect(spec.hasTaps(wide))
        spec.kernel.form = .raw
        #expect(spec.hasTaps(wide))
    }

    /// By hand, for filters of 8×8 on 48×15×12, padding 3, 64 maps: 16 taps on 21×18 blurred pixels.
    @Test func aStepCostsTheTapsAndTheBlur() {
        let convolution = ConvolutionShape(
            input: TensorShape(channels: 48, height: 15, width: 12), maps: 64, size: 20, padding: 9)
        let shape = WeightShape(grid: convolution.filter, units: 64, atoms: 16)
        func plan(_ spec: WeightSpec) -> PooledPlan {
            PooledPlan(spec, of: convolution.filter) { ColumnStream(seed: 1, layer: 0, column: $0) }
        }
        let costs = shape.stepCosts(
            of: convolution, pooled: plan(Self.open), samples: 10, readsPlanes: false, isFirst: false)
        #expect(costs.map(\.path) == [.pooled, .expanded])
        let taps = 2 * 10 * 14 * 11 * 64 * 48 * 16, back = 2 * 10 * 21 * 18 * 48 * 64 * 16
        let there = 2 * 13 * 10 * 48 * (21 * 12 + 21 * 18), hither = 2 * 13 * 10 * 48 * (15 * 18 + 15 * 12)
        let filters = 4 * 64 * 48 * 16 * 16
        #expect(costs[0].flops == Double(2 * taps + back + there + hither + filters))
        var raw = Self.open
        raw.kernel.form = .raw
        let first = shape.stepCosts(of: convolution, pooled: plan(raw), samples: 10, readsPlanes: false, isFirst: true)
        #expect(first[0].flops == Double(2 * taps + there))
        // Four columns have more taps together, and C is made of w.
        raw.columns = 4
        let many = plan(raw), four = WeightShape(grid: convolution.filter, units: 64, columns: 4, atoms: 16)
        #expect(many.count > 32 && many.count < 64)
        let cost = four.stepCosts(of: convolution, pooled: many, samples: 10, readsPlanes: false, isFirst: true)
            .first { $0.path == .pooled }!
        #expect(cost.flops == Double(taps / 16 * many.count * 2 + there + 4 * 64 * 48 * 16 * many.count))
        #expect(shape.stepCosts(of: convolution, pooled: nil, samples: 9, readsPlanes: false, isFirst: true).count == 1)
    }

    /// By hand, for filters of 5×5 on 20×15×12, padding 2, 60 maps: two columns of 6 atoms, 32 floats of a pixel
    /// that is read and 64 of one that comes out. Columns that have the same U have its atoms once.
    @Test func aStepCostsTheAtomsAndTheirMixing() {
        let convolution = ConvolutionShape(
            input: TensorShape(channels: 20, height: 15, width: 12), maps: 60, size: 5, padding: 2)
        for (kind, sampling) in [(DictionaryKind.dct, AlphaSampling.distinct), (.dct, .shared), (.pca, .distinct)] {
            let spec = WeightSpec(dictionary: kind, proportion: 0.25, columns: 2, sampling: sampling)
            let plan = PooledPlan(spec, of: convolution.filter) { ColumnStream(seed: 1, layer: 0, column: $0) }
            let count = kind == .dct && sampling == .distinct ? 12 : 6
            #expect(!plan.isBlurred && plan.count == count)
            let shape = WeightShape(grid: convolution.filter, units: 60, columns: 2, atoms: 6)
            for isFirst in [true, false] {
                let costs = shape.stepCosts(
                    of: convolution, pooled: plan, samples: 10, readsPlanes: isFirst, isFirst: isFirst)
                let atoms = 2 * 10 * 15 * 12 * 32 * count * 25, mixing = 2 * 10 * 15 * 12 * 32 * count * 64
                let place = count == 12 ? 4 * 60 * 20 * 6 * 12 : 0
                let all = isFirst ? atoms + 2 * mixing + place : 2 * atoms + 3 * mixing + place
                #expect(costs.first { $0.path == .pooled }!.flops == Double(all))
            }
        }
    }

    /// The atoms of all columns side by side, and w at a column's own.
    @Test(arguments: [1, 3], [AlphaSampling.distinct, .shared])
    func atomsAndPlacesGiveTheFilters(columns: Int, sampling: AlphaSampling) throws {
        let grid = TensorShape(channels: 2, height: 4, width: 4)
        let spec = WeightSpec(dictionary: .dct, proportion: 0.4, columns: columns, sampling: sampling)
        let dictionary = try spec.makeDictionary(of: grid)
        let weights = PredictedWeights(
            grid: grid,
            columns: try (0..<columns).map { j in
                let stream = ColumnStream(seed: 1, layer: 0, column: j, sampling: sampling)
                let alpha = spec.sampleAtoms(of: grid, stream: stream)
                return Column(
                    units: 2 * j..<2 * j + 2, alpha: alpha,
                    dictionary: try dictionary.matrix(alpha: alpha, stream: stream))
            })
        // A dictionary that is known no longer has the same atoms.
        for known in [dictionary, nil] as [(any WeightDictionary)?] {
            let filters = try PooledFilters(known, of: weights, spec), units = 2 * columns
            let count = sampling == .shared ? 6 : 6 * columns
            guard case .atoms(let u) = filters.pooling else {
                Issue.record("no atoms")
                return
            }
            #expect(u.rows == 16 && u.columns == count)
            let w = normalMatrix(rows: units, columns: 12, stream: 5)
            let c = Matrix<Float>(rows: units, columns: 2 * count), full = Matrix<Float>(rows: units, columns: 32)
            filters.weights.expand(w, into: c)
            weights.expand(w, into: full)
            for channel in 0..<2 {
                let truth = naiveProduct(
                    c.columns(channel * count..<(channel + 1) * count).doubles, naiveTransposed(u.doubles))
                let bound = floatGamma(6) * 6 * largest(w.doubles) * largest(u.doubles)
                #expect(
                    largestDifference(full.columns(channel * 16..<(channel + 1) * 16).doubles, truth) <= bound)
            }
        }
    }
}
