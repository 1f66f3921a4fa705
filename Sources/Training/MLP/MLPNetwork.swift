import Layers
import LinearAlgebra

/// A multilayer perceptron on one rank: hidden layers with one activation, then a softmax layer, on workspaces made once.
///
/// Activations are samples × (units + 1) with a last column of 1, the constant input of the next layer's biases.
public final class MLPNetwork {
    public let layers: [FullyConnected]
    private let activation: Activation
    private let dropoutRate: Float
    private let seed: UInt64
    private let projects: Bool
    private let buckets: [[Int]]
    /// The inputs of every layer; on the reduced path the first is empty.
    private let inputs: [Matrix<Float>]
    /// Outputs of the last layer, then their gradient.
    private let logits: Matrix<Float>
    /// Of the outputs of every hidden layer.
    private let gradients: [Matrix<Float>]
    private let clock = ContinuousClock()

    /// Seconds of all steps so far that went into W = Uw, and into Uᵀ∂L/∂W.
    public private(set) var rebuildSeconds = 0.0
    public private(set) var projectSeconds = 0.0

    /// - Parameters:
    ///   - dropoutRate: the part of every hidden layer's outputs that `gradient` leaves out.
    ///   - seed: of what is left out.
    ///   - capacity: the most samples of one batch.
    ///   - buckets: of every layer, those of the learned values whose gradient it leaves.
    ///   - projects: whether `gradient` calls `project`, layer by layer; else the caller does, after it has added to the gradients of W.
    public init(
        layers: [FullyConnected], activation: Activation, dropoutRate: Float, seed: UInt64, capacity: Int,
        buckets: [[Int]], projects: Bool = true
    ) {
        self.layers = layers
        self.buckets = buckets
        self.projects = projects
        self.dropoutRate = dropoutRate
        self.seed = seed
        self.activation = activation
        inputs = layers.enumerated().map { k, layer in
            Matrix(rows: k == 0 && layer.path == .reduced ? 0 : capacity, columns: layer.inputs + 1)
        }
        for input in inputs { input.columns(input.columns - 1..<input.columns).fill(1) }
        logits = Matrix(rows: capacity, columns: layers.last!.units)
        gradients = layers.dropLast().map { Matrix(rows: capacity, columns: $0.units) }
    }

    /// Where the caller puts the rows of a batch: inputs with their 1, or on the reduced path pooled inputs.
    public var batch: Matrix<Float> { layers[0].path == .reduced ? layers[0].pooled : inputs[0] }

    /// Expands predicted layers, after the values changed.
    public func rebuild() {
        rebuildSeconds += clock.measure { for layer in layers { layer.rebuild() } }.seconds
    }

    /// Loss and gradient of the batch's first samples, at the values of the last `rebuild`.
    ///
    /// - Parameters:
    ///   - labels: a class for each sample.
    ///   - scale: of the gradient: 1 over the samples of the batch on all ranks.
    ///   - firstSample: the number of the first sample among all that were seen, which dropout draws by.
    ///   - completed: called with every bucket whose gradient is complete while those of others are still to be computed: the last layer's
    ///     first, none where the caller projects.
    /// - Returns: the sum over these samples of −log p(label), and how many were predicted wrong.
    public func gradient(
        count: Int, labels: UnsafePointer<Int32>, scale: Double, firstSample: Int = 0, completed: (Int) -> Void = { _ in }
    ) -> (loss: Double, errors: Int) {
        forward(count, dropping: dropoutRate > 0 ? firstSample : nil)
        let output = logits.rows(0..<count)
        let result = SoftmaxCrossEntropy.gradient(inPlace: output, labels: labels, scale: scale)
        for k in layers.indices.reversed() {
            let ofOutputs = k == layers.count - 1 ? output : gradients[k].rows(0..<count)
            let ofInputs = k == 0 ? nil : gradients[k - 1].rows(0..<count)
            layers[k].backward(input(k, count), ofOutputs, into: ofInputs)
            if projects { project(k) }
            guard let ofInputs else { break }
            if projects { buckets[k].forEach(completed) }
            if dropoutRate > 0 { drop(ofInputs, layer: k - 1, firstSample: firstSample) }
            activation.multiply(
                ofInputs, byDerivativeAt: inputs[k].rows(0..<count).columns(0..<layers[k].inputs), dropoutRate: dropoutRate)
        }
        return result
    }

    /// The gradient of the learned values from those of W.
    public func project() {
        for k in layers.indices { project(k) }
    }

    private func project(_ k: Int) {
        projectSeconds += clock.measure { layers[k].project() }.seconds
    }

    /// The classes predicted for the batch's first samples, and as `gradient` their loss and errors, without a gradient or dropout.
    public func evaluate(
        count: Int, labels: UnsafePointer<Int32>, predicted: UnsafeMutablePointer<Int32>
    ) -> (loss: Double, errors: Int) {
        forward(count, dropping: nil)
        return SoftmaxCrossEntropy.evaluate(logits.rows(0..<count), labels: labels, predicted: predicted)
    }

    /// What a hidden layer sees of the batch's first samples, samples × (n_v + 1), the last column 1: the batch itself for layer 0.
    public func inputs(ofLayer layer: Int, count: Int) -> Matrix<Float> {
        inputs(ofLayer: layer, count: count, dropping: nil)
    }

    /// - Parameter firstSample: nil: nothing is dropped.
    private func inputs(ofLayer layer: Int, count: Int, dropping firstSample: Int?) -> Matrix<Float> {
        for k in 0..<layer {
            let output = inputs[k + 1].rows(0..<count).columns(0..<layers[k].units)
            layers[k].forward(input(k, count), into: output)
            activation.apply(inPlace: output)
            if let firstSample { drop(output, layer: k, firstSample: firstSample) }
        }
        return input(layer, count)
    }

    private func forward(_ count: Int, dropping firstSample: Int?) {
        let last = layers.count - 1
        layers[last].forward(inputs(ofLayer: last, count: count, dropping: firstSample), into: logits.rows(0..<count))
    }

    private func drop(_ outputs: Matrix<Float>, layer: Int, firstSample: Int) {
        dropout(
            inPlace: outputs, rate: dropoutRate, stream: RandomStream(seed: seed, purpose: .dropout, stream: layer),
            firstIndex: firstSample * layers[layer].units)
    }

    private func input(_ k: Int, _ count: Int) -> Matrix<Float> {
        inputs[k].rows == 0 ? inputs[k] : inputs[k].rows(0..<count)
    }
}
