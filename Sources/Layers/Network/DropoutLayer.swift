import LinearAlgebra

/// Dropout, in place: a part of the values of a step becomes 0, the others grow by as much (Hinton et al. 2012).
///
/// What is left out is a function of seed, layer, sample and unit, whatever rank sees the sample.
public final class DropoutLayer: Layer {
    public let outputs: Int
    /// The part that is left out.
    public let rate: Float
    private let stream: RandomStream

    /// - Parameters:
    ///   - number: this layer's number among those that drop values.
    ///   - seed: the seed of what is left out.
    public init(rate: Float, outputs: Int, number: Int, seed: UInt64) {
        self.rate = rate
        self.outputs = outputs
        stream = RandomStream(seed: seed, purpose: .dropout, stream: number)
    }

    public var inputColumns: Int { 0 }
    public var inputs: Int { outputs }

    public func forward(_ input: Matrix<Float>, into output: Matrix<Float>, _ pass: Pass) { drop(output, pass) }

    public func backward(
        _ input: Matrix<Float>, _ output: Matrix<Float>, _ outputGradient: Matrix<Float>,
        into inputGradient: Matrix<Float>?,
        _ pass: Pass
    ) {
        drop(outputGradient, pass)
    }

    private func drop(_ values: Matrix<Float>, _ pass: Pass) {
        guard let first = pass.firstSample, rate > 0 else { return }
        dropout(inPlace: values, rate: rate, stream: stream, firstIndex: first * outputs)
    }
}
