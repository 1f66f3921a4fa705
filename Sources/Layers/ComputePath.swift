import LinearAlgebra

/// The three ways to compute a predicted layer on inputs that stay the same from step to step. They give the same
/// numbers (Denil et al. 2013, section 3).
public enum ComputePath: String, CaseIterable, Sendable {
    /// W = Uw once a step, then a dense layer.
    case expanded
    /// v_α = vU in every step, then w. Of a convolution: blurred inputs, then the taps of filters; or every channel
    /// with the atoms of U, then w.
    case pooled
    /// vU_j made once for the whole run and kept, then w.
    case reduced
}

/// What one step (outputs and the gradient of the learned values) costs on a path.
public struct PathCost: Sendable {
    public let path: ComputePath
    /// Floating-point operations of the products, on the reduced path without those that made its pooled inputs.
    public let flops: Double
    /// Bytes that stream from memory: inputs, on the reduced path pooled ones, and of a training step W, its gradient
    /// and the dictionary; by Fourier transforms spectra, too.
    public let streamedBytes: Double

    /// A core multiplies about this many flops in the time in which it reads a byte: 100 GFLOP/s against 20 GB/s.
    public static let flopsPerByte = 5.0
    /// A product whose inner dimension is k runs at k/(k + 8) of the full rate: it writes as many outputs for less
    /// work.
    public static func efficiency(innerDimension k: Int) -> Double { Double(k) / Double(k + 8) }

    /// Whether it is a convolution by Fourier transforms.
    public let isByFourier: Bool

    /// The estimate that paths are compared by, in flops at full rate.
    public let estimate: Double

    /// - Parameters:
    ///   - mixing: flops of the products whose inner dimension is `inner`.
    ///   - others: flops of larger products, which run at the full rate.
    ///   - values: Floats that stream from memory.
    ///   - more: what comes to the estimate beside these: the step's part of what was done before it, or what waits.
    init(
        _ path: ComputePath, mixing: Double, inner: Int, others: Double = 0, values: Double, more: Double = 0,
        isByFourier: Bool = false
    ) {
        self.path = path
        self.isByFourier = isByFourier
        flops = mixing + others
        streamedBytes = 4 * values
        estimate =
            mixing / PathCost.efficiency(innerDimension: inner) + others + PathCost.flopsPerByte * streamedBytes
            + more
    }
}

extension WeightShape {
    /// The cost of one evaluation on `samples` inputs that stay the same for the whole run, for every path; cheapest
    /// first, ties in the order of `ComputePath`.
    ///
    /// Outputs and gradient, so each product counts twice: 4·samples·n_v·n_h flops expanded; 4·samples·n_α·n_h
    /// reduced, for any number of columns; pooled adds 2·samples·n_v·n_α/channels a column.
    public func costs(samples: Int) -> [PathCost] {
        let m = Double(samples), nV = Double(grid.count), nH = Double(units), nA = Double(valuesPerUnit)
        let columnCount = Double(columns)
        let all = [
            PathCost(.expanded, mixing: 4 * m * nV * nH, inner: grid.count, values: m * nV),
            PathCost(
                .pooled, mixing: 4 * m * nA * nH, inner: valuesPerUnit,
                others: 2 * m * nV * nA / Double(grid.channels) * columnCount, values: m * nV),
            PathCost(.reduced, mixing: 4 * m * nA * nH, inner: valuesPerUnit, values: m * nA * columnCount),
        ]
        return isDense ? [all[0]] : all.sorted { $0.estimate < $1.estimate }
    }

    /// The cost of one step of `FullyConnected` on a batch, for every path that it can take; cheapest first, ties in
    /// the order of `ComputePath`. The flops are those that `FullyConnected` names; W, its gradient and the dictionary
    /// stream.
    ///
    /// - Parameters:
    ///   - samples: the samples of this rank's part of the batch.
    ///   - isFirst: nobody asks for the gradient of the inputs.
    ///   - pooling: where inputs are the same in every epoch, the estimate of pooling all of them once for the reduced
    ///     path, spread over the steps that use them.
    public func stepCosts(samples: Int, isFirst: Bool, pooling: Double? = nil) -> [PathCost] {
        let m = Double(samples), nV = Double(grid.count), nH = Double(units), nA = Double(valuesPerUnit)
        let allValues = nA * Double(columns), products = isFirst ? 4.0 : 6.0
        var all = [
            PathCost(
                .expanded, mixing: products * m * nV * nH, inner: grid.count,
                others: isDense ? 0 : 4 * nH * nV * nA / Double(grid.channels),
                values: m * nV + (isDense ? 2 : 4) * nV * nH)
        ]
        if isDense { return all }
        all.append(
            PathCost(
                .pooled, mixing: products * m * nA * nH, inner: valuesPerUnit,
                others: (products - 2) * m * nV * allValues, values: m * nV + (products - 2) / 2 * nV * allValues))
        if let pooling {
            all.append(
                PathCost(
                    .reduced, mixing: 4 * m * nA * nH, inner: valuesPerUnit, values: m * allValues, more: pooling))
        }
        return all.sorted { $0.estimate < $1.estimate }
    }

    /// The cheaper path of a predicted layer on inputs that are seen once, such as the patches of an image: expanded
    /// 2·n_v·n_h flops an input, pooled 2·J·n_v·n_α + 2·n_α·n_h, each at the rate of its inner dimension.
    public var pathOfNewInputs: ComputePath {
        let nV = Double(grid.count), nH = Double(units), nA = Double(valuesPerUnit)
        let pooled = nV * nA * Double(columns) + nA * nH / PathCost.efficiency(innerDimension: valuesPerUnit)
        return pooled < nV * nH ? .pooled : .expanded
    }

    /// The estimate of `poolAll`, in flops at full rate as in `PathCost`.
    public func poolingEstimate(samples: Int) -> Double {
        let m = Double(samples), nV = Double(grid.count), allValues = Double(columns * valuesPerUnit)
        return 2 * m * nV * allValues / Double(grid.channels) / PathCost.efficiency(innerDimension: grid.positions)
            + PathCost.flopsPerByte * 4 * m * (Double(columns) * nV + allValues)
    }
}
