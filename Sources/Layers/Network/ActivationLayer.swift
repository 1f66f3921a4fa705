import LinearAlgebra

/// An activation with the dropout that follows it, in place: h = g(y), of which a part is left out in a step.
public final class ActivationLayer: Layer {
    public let outputs: Int
    private let activation: Activation
    private let dropout: DropoutLayer?

    /// - Parameter dropout: what comes behind the activation; nil: nothing.
    public init(_ activation: Activation, outputs: Int, dropout: DropoutLayer?) {
        self.activation = activation
        self.outputs = outputs
        self.dropout = dropout
    }

    public var inputColumns: Int { 0 }
    public var inputs: Int { outputs }

    public func forward(_ input: Matrix<Float>, into output: Matrix<Float>, _ pass: Pass) {
        activation.apply(inPlace: output)
        dropout?.forward(output, into: output, pass)
    }

    public func backward(
        _ input: Matrix<Float>, _ output: Matrix<Float>, _ outputGradient: Matrix<Float>,
        into inputGradient: Matrix<Float>?,
        _ pass: Pass
    ) {
        dropout?.backward(output, output, outputGradient, into: outputGradient, pass)
        activation.multiply(outputGradient, byDerivativeAt: output, dropoutRate: dropout?.rate ?? 0)
    }
}
