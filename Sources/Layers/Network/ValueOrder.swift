import LinearAlgebra

/// How the values of a sample follow each other in the rows between layers.
public enum ValueOrder: Sendable {
    /// Plane by plane, as samples come and fully connected layers read them. A 1 stands behind them, the constant input
    /// of the next layer's biases.
    case planes
    /// Pixel by pixel, the channels of one side by side, as `Convolution` and `MaxPool` read and write them.
    case pixels

    /// The floats of a sample's values.
    public func floats(of shape: TensorShape) -> Int { self == .planes ? shape.count : shape.sampleFloats }
    /// The columns of a row that a layer reads.
    public func columns(of shape: TensorShape) -> Int { self == .planes ? shape.count + 1 : shape.sampleFloats }
}

/// Puts values into the order that the next layer reads: each sample is transposed.
public final class ReorderLayer: Layer {
    private let shape: TensorShape
    private let input: ValueOrder

    /// - Parameter input: the order in which values come; they leave in the other.
    public init(_ shape: TensorShape, from input: ValueOrder) {
        self.shape = shape
        self.input = input
    }

    public var outputs: Int { (input == .planes ? ValueOrder.pixels : .planes).floats(of: shape) }
    public var inputColumns: Int { input.columns(of: shape) }
    public var inputs: Int { input.floats(of: shape) }

    public func forward(_ input: Matrix<Float>, into output: Matrix<Float>, _ pass: Pass) {
        self.input == .planes ? toPixels(input, output) : toPlanes(input, output)
    }

    public func backward(
        _ input: Matrix<Float>, _ output: Matrix<Float>, _ outputGradient: Matrix<Float>,
        into inputGradient: Matrix<Float>?,
        _ pass: Pass
    ) {
        guard let inputGradient else { return }
        self.input == .planes ? toPlanes(outputGradient, inputGradient) : toPixels(outputGradient, inputGradient)
    }

    /// What lies between the channels and `pixelFloats` stays 0.
    private func toPixels(_ planes: Matrix<Float>, _ pixels: Matrix<Float>) {
        for row in 0..<planes.rows { transpose(channels(of: planes, row), into: places(of: pixels, row)) }
    }

    private func toPlanes(_ pixels: Matrix<Float>, _ planes: Matrix<Float>) {
        for row in 0..<pixels.rows { transpose(places(of: pixels, row), into: channels(of: planes, row)) }
    }

    /// A sample in planes, channels × positions.
    private func channels(of planes: Matrix<Float>, _ row: Int) -> Matrix<Float> {
        planes.rows(row..<row + 1).columns(0..<shape.count)
            .reshaped(rows: shape.channels, columns: shape.positions)
    }

    /// A sample in pixels, positions × channels.
    private func places(of pixels: Matrix<Float>, _ row: Int) -> Matrix<Float> {
        pixels.rows(row..<row + 1).reshaped(rows: shape.positions, columns: shape.pixelFloats)
            .columns(0..<shape.channels)
    }
}
