import LinearAlgebra

extension WeightShape {
    /// The cost of one step of `ConvolutionLayer` on a batch, for every path that it can take; cheapest first. Its
    /// flops are those of `Convolution`, which computes with maps and, on the way back, channels up to a multiple of
    /// 16, of `FourierConvolution` or of `AtomConvolution`, and of W = Uw, or C, and its way back.
    ///
    /// - Parameters:
    ///   - convolution: with what filters have beyond an open window.
    ///   - plan: how filters are pooled, where inputs can be.
    ///   - samples: the samples of this rank's part of the batch.
    ///   - readsPlanes: its inputs are samples as they come.
    ///   - isFirst: nobody asks for the gradient of the inputs.
    package func stepCosts(
        of convolution: ConvolutionShape, pooled plan: PooledPlan?, samples: Int, readsPlanes: Bool, isFirst: Bool
    ) -> [PathCost] {
        let m = Double(samples), nV = Double(grid.count), nH = Double(units), nA = Double(valuesPerUnit)
        let output = convolution.output, input = convolution.input
        let between = Double((readsPlanes ? input.count : input.sampleFloats) + output.sampleFloats)
        let expanded = convolution.cost(
            .expanded, samples: samples, readsPlanes: readsPlanes, isFirst: isFirst,
            others: isDense ? 0 : 4 * nH * nV * nA / Double(grid.channels), values: (isDense ? 2 : 4) * nV * nH)
        guard let plan else { return [expanded] }
        let reach = plan.spec.reach ?? 0, frame = convolution.window(reach: reach).frame
        let used = plan.shape(of: self), nC = Double(used.grid.count)
        let pixel = Double(readsPlanes ? input.channels : input.pixelFloats)
        if !plan.isBlurred {
            let atoms = Double(plan.count), z = m * Double(output.positions * input.pixelFloats) * atoms
            let mixed = 2 * z * Double(output.pixelFloats), taps = Double(convolution.taps)
            let way = isFirst ? 0 : 2 * m * Double(input.sampleFloats) * atoms * taps
            let pooled = PathCost(
                .pooled, mixing: (isFirst ? 2 : 3) * mixed + 2 * z * taps + way, inner: used.grid.count,
                others: used.isDense ? 0 : 4 * nH * nA * atoms,
                values: m * between + (isFirst ? 2 : 4) * z + 4 * nC * nH,
                // Every float is loaded for one product on the way back, which takes as long again.
                more: way)
            return [expanded, pooled].sorted { $0.estimate < $1.estimate }
        }
        let blurred = frame.height * input.width + frame.positions
            + (isFirst ? 0 : input.height * frame.width + input.positions)
        let pooled = convolution.window(reach: reach).framed.cost(
            .pooled, taps: plan.count, samples: samples, readsPlanes: readsPlanes, isFirst: isFirst,
            others: 2 * Double(2 * reach + 1) * m * pixel * Double(blurred)
                + (used.isDense ? 0 : 4 * nH * nA * Double(plan.count)),
            values: m * pixel * Double(input.positions + (isFirst ? 0 : frame.positions)) + 4 * nC * nH)
        return [expanded, pooled].sorted { $0.estimate < $1.estimate }
    }
}

extension ConvolutionShape {
    /// The cost of one step, the lower of two: directly or by Fourier transforms.
    ///
    /// - Parameters:
    ///   - count: the pixels of a filter that count; nil: all.
    ///   - others: flops that come to those of the convolution.
    ///   - values: Floats that stream from memory beside samples.
    func cost(
        _ path: ComputePath, taps count: Int? = nil, samples: Int, readsPlanes: Bool, isFirst: Bool,
        others: Double = 0, values: Double = 0
    ) -> PathCost {
        let m = Double(samples), output = output, taps = count ?? taps
        let between = m * Double((readsPlanes ? input.count : input.sampleFloats) + output.sampleFloats)
        let forward = 2 * m * Double(output.sampleFloats * taps * input.channels)
        let backward = isFirst ? 0 : 2 * m * Double(input.sampleFloats * taps * maps)
        let direct = PathCost(
            path, mixing: 2 * forward + backward, inner: taps * input.channels, others: others,
            values: between + values)
        guard !readsPlanes, FourierConvolution.fits(self) else { return direct }
        let flops = FourierConvolution.stepFlops(of: self, samples: samples, hasInputGradient: !isFirst)
        let spectra = FourierConvolution.spectrumFloats(of: self, capacity: samples)
        let fourier = PathCost(
            path, mixing: flops.products, inner: 2 * min(input.channels, maps), others: others + flops.transforms,
            // Those of samples are written, and read for two products; those of weights, which no cache holds, and of
            // their gradient are written and read twice more.
            values: between + values + Double(3 * spectra.samples + 5 * spectra.weights),
            // Products of tens of rows run at about half of the rate.
            more: flops.transforms, isByFourier: true)
        return fourier.estimate < direct.estimate ? fourier : direct
    }

    /// Whether so many samples are estimated to be convolved faster by Fourier transforms.
    ///
    /// - Parameter taps: the pixels of a filter that count; nil: all.
    func isFasterByFourier(taps: Int? = nil, samples: Int, readsPlanes: Bool, isFirst: Bool) -> Bool {
        cost(.expanded, taps: taps, samples: samples, readsPlanes: readsPlanes, isFirst: isFirst).isByFourier
    }
}
