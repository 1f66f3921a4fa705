import LinearAlgebra

/// What is special about one way of a batch through the layers.
public struct Pass: Sendable {
    /// The number of the batch's first sample among all that were seen, by which dropout draws; nil: nothing is
    /// dropped.
    public let firstSample: Int?

    /// A step of training.
    public static func training(firstSample: Int) -> Pass { Pass(firstSample: firstSample) }
    /// An evaluation, of all that the network has learned.
    public static let evaluation = Pass(firstSample: nil)
}

/// A layer of a network on one rank, on workspaces made once.
///
/// Its inputs are samples × `inputColumns`, its outputs samples × `outputs`. A layer that works in place has one
/// matrix for both, and one for their gradients. A step is `expand`, `forward`, `backward`, `projectGradient`.
public protocol Layer: AnyObject {
    /// The floats of a sample's outputs.
    var outputs: Int { get }
    /// The columns of its inputs: a sample's floats, and in planes a last 1, the constant input of the biases; 0 where
    /// it works in place.
    var inputColumns: Int { get }
    /// The floats of a sample's inputs that have a gradient.
    var inputs: Int { get }
    /// Whether it has weights: the gradient of what is computed before the first of these is not needed.
    var hasWeights: Bool { get }
    /// The parameters whose gradient is complete after `projectGradient`.
    var parameters: [Int] { get }

    /// Expands W = Uw, after the values changed, where the layer computes with W.
    func expand()
    /// Computes the outputs of some samples.
    func forward(_ input: Matrix<Float>, into output: Matrix<Float>, _ pass: Pass)
    /// Computes the gradient of the weights, and where asked for that of the inputs.
    ///
    /// - Parameters:
    ///   - input: as given to `forward`.
    ///   - output: what `forward` left.
    ///   - outputGradient: ∂L/∂y, samples × outputs.
    ///   - inputGradient: ∂L/∂x, samples × `inputs`; nil: nobody needs it. In place the matrix of
    ///     `outputGradient`.
    func backward(
        _ input: Matrix<Float>, _ output: Matrix<Float>, _ outputGradient: Matrix<Float>,
        into inputGradient: Matrix<Float>?,
        _ pass: Pass)
    /// Makes the gradient of the learned values from that of W. It is apart from `backward` since others may add to the
    /// gradient of W in between.
    func projectGradient()
}

extension Layer {
    public var hasWeights: Bool { false }
    public var parameters: [Int] { [] }
    public func expand() {}
    public func projectGradient() {}
}
