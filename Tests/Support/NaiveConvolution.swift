/// A convolution in Double, place by place, of one sample: maps are rows of planes, row by row.
public struct NaiveConvolution {
    public var channels: Int, height: Int, width: Int, maps: Int, size: Int, stride: Int, padding: Int

    public init(channels: Int, height: Int, width: Int, maps: Int, size: Int, stride: Int, padding: Int) {
        (self.channels, self.height, self.width, self.maps) = (channels, height, width, maps)
        (self.size, self.stride, self.padding) = (size, stride, padding)
    }

    public var outputHeight: Int { (height + 2 * padding - size) / stride + 1 }
    public var outputWidth: Int { (width + 2 * padding - size) / stride + 1 }

    /// Calls `body` for every product of a pixel and a weight, with their places and that of the sum.
    private func products(_ body: (_ x: Int, _ w: Int, _ y: Int) -> Void) {
        for m in 0..<maps {
            for r in 0..<outputHeight {
                for q in 0..<outputWidth {
                    for c in 0..<channels {
                        for i in 0..<size {
                            for j in 0..<size {
                                let (row, column) = (r * stride + i - padding, q * stride + j - padding)
                                guard row >= 0, row < height, column >= 0, column < width else { continue }
                                body(
                                    (c * height + row) * width + column, ((m * channels + c) * size + i) * size + j,
                                    (m * outputHeight + r) * outputWidth + q)
                            }
                        }
                    }
                }
            }
        }
    }

    /// The outputs, maps × places.
    public func outputs(_ x: [Double], weights: [Double], bias: [Double]) -> [Double] {
        let places = outputHeight * outputWidth
        var y = (0..<maps * places).map { bias[$0 / places] }
        products { y[$2] += x[$0] * weights[$1] }
        return y
    }

    /// The gradients of Σ g·y: of the weights, and of the inputs.
    public func gradients(_ x: [Double], weights: [Double], _ g: [Double]) -> (weights: [Double], inputs: [Double]) {
        var dw = [Double](repeating: 0, count: weights.count), dx = [Double](repeating: 0, count: x.count)
        products {
            dw[$1] += x[$0] * g[$2]
            dx[$0] += weights[$1] * g[$2]
        }
        return (dw, dx)
    }
}
