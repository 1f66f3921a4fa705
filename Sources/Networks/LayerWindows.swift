import Layers
import LinearAlgebra

/// What a convolution's filters see of samples, for dictionaries that are made from data: of each sample one window of
/// the layer's padded inputs, where a filter has one of its outputs, drawn by the sample's number.
package struct LayerWindows {
    private let shape: ConvolutionShape
    private let order: ValueOrder
    private let draws: RandomStream

    /// - Parameter order: that of the layer's inputs.
    package init(_ shape: ConvolutionShape, order: ValueOrder, draws: RandomStream) {
        self.shape = shape
        self.order = order
        self.draws = draws
    }

    /// Copies windows, plane by plane.
    ///
    /// - Parameters:
    ///   - samples: the numbers of some samples.
    ///   - inputs: what the layer reads of them, a row each.
    ///   - rows: as many, with a filter's weights each.
    package func cut(_ samples: ArraySlice<Int>, from inputs: Matrix<Float>, into rows: Matrix<Float>) {
        let input = shape.input, side = shape.size
        for (row, sample) in samples.enumerated() {
            let place = draws.integer(below: shape.output.positions, at: sample)
            let top = place / shape.output.width * shape.stride - shape.padding
            let left = place % shape.output.width * shape.stride - shape.padding
            let seen = inputs.pointer + row * inputs.stride
            var window = rows.pointer + row * rows.stride
            for channel in 0..<input.channels {
                for y in top..<top + side {
                    for x in left..<left + side {
                        let isInside = 0..<input.height ~= y && 0..<input.width ~= x
                        window.pointee = isInside ? seen[index(channel, y, x)] : 0
                        window += 1
                    }
                }
            }
        }
    }

    private func index(_ channel: Int, _ y: Int, _ x: Int) -> Int {
        let input = shape.input
        return switch order {
        case .planes: (channel * input.height + y) * input.width + x
        case .pixels: (y * input.width + x) * input.pixelFloats + channel
        }
    }
}
