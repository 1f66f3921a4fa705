/// The three ways to compute a predicted layer on inputs that stay the same from step to step. They give the same numbers
/// (Denil et al. 2013, section 3; METHOD: exact shortcuts).
public enum ComputePath: String, CaseIterable, Sendable {
    /// W = Uw once a step, then a dense layer.
    case expanded
    /// v_α = vU in every step, then w.
    case pooled
    /// vU_j made once for the whole run and kept, then w.
    case reduced
}

/// What one step (outputs and the gradient of the learned values) costs on a path.
public struct PathCost: Sendable {
    public let path: ComputePath
    /// Floating-point operations of the products.
    public let flops: Double
    /// Bytes that stream from memory: the inputs, or on the reduced path the pooled inputs, kept for the whole run.
    public let streamedBytes: Double

    /// A core multiplies about this many flops in the time in which it reads a byte: 100 GFLOP/s against 20 GB/s.
    public static let flopsPerByte = 5.0
    /// A product whose inner dimension is k runs at k/(k + 8) of the full rate: it writes as many outputs for less work.
    public static func efficiency(innerDimension k: Int) -> Double { Double(k) / Double(k + 8) }

    /// The estimate that paths are compared by, in flops at full rate.
    public let estimate: Double
}

extension PredictedWeights {
    /// The cost of one step on `samples` inputs, for every path; cheapest first, ties in the order of `ComputePath`.
    ///
    /// A step is outputs and gradient, so each product counts twice: 4·samples·n_v·n_h flops expanded;
    /// 4·samples·n_α·n_h reduced, for any number of columns; pooled adds 2·samples·n_v·n_α/channels a column.
    public func costs(samples: Int) -> [PathCost] {
        let m = Double(samples), nV = Double(grid.inputs), nH = Double(units), nA = Double(valuesPerUnit)
        let columnCount = Double(columns.count)
        func cost(_ path: ComputePath, flops: Double, inner: Int, values: Double, pooling: Double = 0) -> PathCost {
            let bytes = 4 * values
            return PathCost(
                path: path, flops: flops + pooling, streamedBytes: bytes,
                estimate: flops / PathCost.efficiency(innerDimension: inner) + pooling + PathCost.flopsPerByte * bytes)
        }
        let mixing = 4 * m * nA * nH
        let all = [
            cost(.expanded, flops: 4 * m * nV * nH, inner: grid.inputs, values: m * nV),
            cost(
                .pooled, flops: mixing, inner: valuesPerUnit, values: m * nV,
                pooling: 2 * m * nV * nA / Double(grid.channels) * columnCount),
            cost(.reduced, flops: mixing, inner: valuesPerUnit, values: m * nA * columnCount),
        ]
        return isDense ? [all[0]] : all.sorted { $0.estimate < $1.estimate }
    }
}
