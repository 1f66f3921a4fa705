import LinearAlgebra

/// A convolution whose filters are predicted (Denil et al. 2013, sections 3 and 4.2): each map is a unit, whose weights
/// are those of `channels` planes of size × size pixels.
///
/// Its learned values are a parameter of maps × (n_α + 1), a bias at the end of each row. W = Uw is expanded once a
/// step, then the layer is a dense convolution, direct or by Fourier transforms. Or inputs are pooled: where filters
/// have taps, they are blurred once, and what is left of a filter are these taps; else each channel is convolved with
/// the atoms of U, and w mixes what comes of it. `WeightShape.stepCosts` has the flops of a step.
public final class ConvolutionLayer: Layer {
    private let expanded: ExpandedWeights
    private let convolution: any ConvolutionWay
    private let taps: Int
    /// W, or C, as the convolution takes it, and its gradient.
    private let filters: Matrix<Float>, filterGradient: Matrix<Float>
    private let bias: Matrix<Float>, biasGradient: Matrix<Float>
    /// A 1 for every place, which sums the gradients of a bias.
    private let ones: Matrix<Float>
    public let hasWeights = true
    public let parameters: [Int]

    /// - Parameters:
    ///   - weights: of a grid of channels × size × size, or of a line of as many.
    ///   - filters: their taps or atoms, where inputs are pooled; nil: W is expanded.
    ///   - reach: how far the filters go on beyond their window.
    ///   - capacity: the most samples of one batch.
    ///   - values, gradient, fullGradient, dictionaryGradient, parameters: as those of `FullyConnected`.
    ///   - readsPlanes: its inputs are samples as they come, with their 1.
    ///   - isFirst: nobody asks for the gradient of its inputs.
    package init(
        _ shape: ConvolutionShape, weights: PredictedWeights, filters pooled: PooledFilters? = nil, reach: Int = 0,
        capacity: Int = 1, values: Matrix<Float>, gradient: Matrix<Float>?, readsPlanes: Bool, isFirst: Bool,
        fullGradient: Matrix<Float>? = nil, dictionaryGradient: Matrix<Float>? = nil, parameters: [Int] = []
    ) {
        precondition(weights.grid.count == shape.filter.count && weights.units == shape.maps)
        expanded = ExpandedWeights(
            pooled?.weights ?? weights, values: values, gradient: gradient, fullGradient: fullGradient,
            dictionaryGradient: dictionaryGradient)
        switch pooled?.pooling {
        case .atoms(let dictionary):
            convolution = AtomConvolution(
                shape, dictionary: dictionary, capacity: capacity, readsPlanes: readsPlanes,
                hasInputGradient: !isFirst)
        case .blur(let blurring):
            let window = shape.window(reach: reach)
            convolution = BlurredConvolution(
                window, blurring, capacity: capacity, readsPlanes: readsPlanes, hasInputGradient: !isFirst,
                byFourier: window.framed.isFasterByFourier(
                    taps: blurring.taps.count, samples: capacity, readsPlanes: readsPlanes, isFirst: isFirst))
        case nil:
            convolution =
                if shape.isFasterByFourier(samples: capacity, readsPlanes: readsPlanes, isFirst: isFirst) {
                    FourierConvolution(shape, capacity: capacity)
                } else {
                    Convolution(shape, readsPlanes: readsPlanes, hasInputGradient: !isFirst)
                }
        }
        taps = expanded.weights.grid.count / shape.input.channels
        inputColumns = convolution.inputColumns + (readsPlanes ? 1 : 0)
        filters = Matrix(rows: convolution.weightRows, columns: convolution.weightColumns)
        filterGradient = Matrix(rows: filters.rows, columns: filters.columns)
        bias = Matrix(rows: 1, columns: filters.columns)
        biasGradient = Matrix(rows: 1, columns: filters.columns)
        ones = Matrix(rows: 1, columns: shape.output.positions)
        ones.fill(1)
        self.parameters = parameters
    }

    /// The floats that a layer holds beside its values: W, or C, twice, in both orders, with its gradients, and what
    /// the convolution works on.
    ///
    /// - Parameter plan: how filters are pooled, where inputs are.
    package static func floats(
        of shape: ConvolutionShape, weights: WeightShape, pooled plan: PooledPlan?, capacity: Int, readsPlanes: Bool,
        isFirst: Bool
    ) -> Int {
        let used = plan?.shape(of: weights) ?? weights, reach = plan?.spec.reach ?? 0
        let both = ExpandedWeights.floats(of: used) + shape.output.positions + (plan == nil ? 0 : used.dictionaryValues)
        if let plan, !plan.isBlurred {
            return both + 2 * (plan.count * shape.input.pixelFloats + 1) * shape.output.pixelFloats
                + AtomConvolution.floats(
                    of: shape, atoms: plan.count, capacity: capacity, hasInputGradient: !isFirst)
        }
        let filters = both + 2 * (used.grid.count + 1) * shape.output.pixelFloats
        if let plan {
            let window = shape.window(reach: reach)
            return filters + BlurredConvolution.floats(
                of: window, taps: plan.count, reach: reach, capacity: capacity, readsPlanes: readsPlanes,
                hasInputGradient: !isFirst,
                byFourier: window.framed.isFasterByFourier(
                    taps: plan.count, samples: capacity, readsPlanes: readsPlanes, isFirst: isFirst))
        }
        return filters
            + (shape.isFasterByFourier(samples: capacity, readsPlanes: readsPlanes, isFirst: isFirst)
                ? FourierConvolution.floats(of: shape, capacity: capacity)
                : Convolution.floats(of: shape, hasInputGradient: !isFirst))
    }

    private var shape: ConvolutionShape { convolution.shape }
    public var outputs: Int { shape.output.sampleFloats }
    public let inputColumns: Int
    public var inputs: Int { convolution.inputColumns }

    public func expand() {
        expanded.expand()
        for channel in 0..<shape.input.channels {
            transpose(expanded.full.columns(taps(of: channel)), into: rows(of: channel, filters))
        }
        let last = expanded.full.columns - 1
        for unit in 0..<shape.maps { bias[0, unit] = expanded.full[unit, last] }
    }

    public func forward(_ input: Matrix<Float>, into output: Matrix<Float>, _ pass: Pass) {
        convolution.apply(input.columns(0..<inputs), weights: filters, bias: bias, into: output)
    }

    public func backward(
        _ input: Matrix<Float>, _ output: Matrix<Float>, _ outputGradient: Matrix<Float>,
        into inputGradient: Matrix<Float>?,
        _ pass: Pass
    ) {
        filterGradient.fill(0)
        convolution.addWeightGradient(input.columns(0..<inputs), outputGradient, into: filterGradient)
        let full = expanded.fullGradient, last = full.columns - 1
        for channel in 0..<shape.input.channels {
            transpose(rows(of: channel, filterGradient), into: full.columns(taps(of: channel)))
        }
        biasGradient.fill(0)
        for sample in 0..<outputGradient.rows {
            let places = outputGradient.rows(sample..<sample + 1)
                .reshaped(rows: shape.output.positions, columns: shape.output.pixelFloats)
            multiply(ones, places, into: biasGradient, beta: 1)
        }
        for unit in 0..<shape.maps { full[unit, last] = biasGradient[0, unit] }
        if let inputGradient { convolution.inputGradient(outputGradient, weights: filters, into: inputGradient) }
    }

    public func projectGradient() { expanded.projectGradient() }

    /// Where a channel's weights stand in a row of W.
    private func taps(of channel: Int) -> Range<Int> { channel * taps..<(channel + 1) * taps }

    /// The same as they stand in filters or their gradient, taps × maps: every `weightChannels`-th row.
    private func rows(of channel: Int, _ filters: Matrix<Float>) -> Matrix<Float> {
        let first = channel * filters.columns
        return filters.reshaped(rows: taps, columns: convolution.weightChannels * filters.columns)
            .columns(first..<first + shape.maps)
    }
}
