import Layers
import LinearAlgebra
import Testing

/// Which dense convolutions are estimated to be faster by Fourier transforms, and what they cost.
@Suite struct ConvolutionCostsTests {
    private func shape(
        channels: Int, side: Int, maps: Int, size: Int, stride: Int = 1, padding: Int
    ) -> ConvolutionShape {
        ConvolutionShape(
            input: TensorShape(channels: channels, height: side, width: side), maps: maps, size: size, stride: stride,
            padding: padding)
    }

    private func cost(_ shape: ConvolutionShape, samples: Int, readsPlanes: Bool = false, isFirst: Bool = false)
        -> PathCost
    {
        WeightShape(grid: shape.filter, units: shape.maps, atoms: nil).stepCosts(
            of: shape, pooled: nil, samples: samples, readsPlanes: readsPlanes, isFirst: isFirst)[0]
    }

    /// By hand, for 8×8 filters on 48 channels of 15×15 pixels, padding 3: 18×18 pixels with their zeros, of whose
    /// frequencies 10·18 are kept.
    @Test(arguments: [false, true]) func spectraAndTransformsAreCounted(isFirst: Bool) {
        let found = cost(shape(channels: 48, side: 15, maps: 64, size: 8, padding: 3), samples: 10, isFirst: isFirst)
        #expect(found.isByFourier)
        let ways = isFirst ? 2 : 3, products = ways * 8 * 10 * 180 * 48 * 64
        // Rows, then for real and imaginary parts columns.
        let input = 2 * (2 * 10) * 15 * 15 * 48 + 10 * 2 * (2 * 18) * (2 * 15) * 48
        let output = 2 * (2 * 10) * 14 * 14 * 64 + 10 * 2 * (2 * 18) * (2 * 14) * 64
        // Each channel twice, as [Re Im; −Im Re], there and back.
        let filter = 2 * (2 * 10) * 8 * 8 * 48 * 64 + 2 * 10 * 2 * (2 * 18) * (2 * 8) * 48 * 64
        #expect(found.flops == Double(products + 10 * ((ways - 1) * input + 2 * output) + 2 * filter))
    }

    /// Large filters; not small ones on few samples, nor strides, nor a first layer, which reads planes.
    @Test func largeFiltersAreTakenByFourier() {
        #expect(cost(shape(channels: 20, side: 10, maps: 20, size: 9, padding: 4), samples: 8).isByFourier)
        #expect(cost(shape(channels: 4, side: 10, maps: 3, size: 7, padding: 3), samples: 4).isByFourier)
        #expect(!cost(shape(channels: 32, side: 16, maps: 32, size: 3, padding: 1), samples: 8).isByFourier)
        let large = shape(channels: 48, side: 15, maps: 64, size: 8, stride: 2, padding: 3)
        #expect(!cost(large, samples: 128).isByFourier)
        let first = shape(channels: 3, side: 32, maps: 48, size: 8, padding: 4)
        #expect(!cost(first, samples: 128, readsPlanes: true, isFirst: true).isByFourier)
    }

    /// Blurred maps have the way that is cheaper for so many taps.
    @Test func manyTapsAreTakenByFourier() {
        let shape = shape(channels: 48, side: 15, maps: 64, size: 20, padding: 9)
        for (proportion, isByFourier) in [(0.25, true), (0.1, false)] {
            let spec = WeightSpec(
                dictionary: .se, kernel: KernelSpec(sigma: 1), proportion: proportion, columns: 1, reach: 6)
            let plan = PooledPlan(spec, of: shape.filter) { ColumnStream(seed: 1, layer: 0, column: $0) }
            let weights = WeightShape(grid: shape.filter, units: 64, atoms: plan.count)
            let costs = weights.stepCosts(of: shape, pooled: plan, samples: 128, readsPlanes: false, isFirst: false)
            #expect(costs[0].path == .pooled && costs[0].isByFourier == isByFourier)
        }
    }
}
