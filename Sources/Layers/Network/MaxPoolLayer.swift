import LinearAlgebra

/// The largest values of windows, channel by channel.
public final class MaxPoolLayer: Layer {
    private let pool: MaxPool
    /// Where in its window each of them was found, for the way back.
    private let places: UnsafeMutableBufferPointer<Int32>

    /// - Parameter capacity: the most samples of one batch.
    public init(_ pool: MaxPool, capacity: Int) {
        self.pool = pool
        let count = capacity * pool.output.sampleFloats
        places = Allocation.buffer(count, "the places of \(count) largest values")
    }

    deinit { Allocation.release(places) }

    /// The floats that it holds.
    public static func floats(of pool: MaxPool, capacity: Int) -> Int { capacity * pool.output.sampleFloats }

    public var outputs: Int { pool.output.sampleFloats }
    public var inputColumns: Int { inputs }
    public var inputs: Int { pool.input.sampleFloats }

    public func forward(_ input: Matrix<Float>, into output: Matrix<Float>, _ pass: Pass) {
        pool.apply(input, into: output, places: places.baseAddress!)
    }

    public func backward(
        _ input: Matrix<Float>, _ output: Matrix<Float>, _ outputGradient: Matrix<Float>,
        into inputGradient: Matrix<Float>?,
        _ pass: Pass
    ) {
        guard let inputGradient else { return }
        pool.gradient(outputGradient, places: places.baseAddress!, into: inputGradient)
    }
}
