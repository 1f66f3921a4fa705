import LinearAlgebra

/// A network on one rank: layers, then softmax with its loss, on workspaces made once.
///
/// Between two layers stands a matrix of samples × values; where these are in planes, a last column of 1 is the
/// constant input of the next layer's biases. Layers that work in place share one.
public final class Network {
    /// A layer and the matrices around it.
    private struct Place {
        let layer: any Layer
        /// What the layer reads; of one that works in place, what it changes.
        let input: Matrix<Float>
        /// Where the gradient of that goes; nil where nobody needs it: no layer with weights stands before.
        let inputGradient: Matrix<Float>?
        /// Where its outputs go.
        let output: Matrix<Float>
        /// Where their gradient comes from; nil where nobody needs it.
        let outputGradient: Matrix<Float>?
    }

    private let places: [Place]
    /// Whether a step projects the gradients of W; else the caller does.
    private let projects: Bool
    private let timer: StepTimer
    /// Where the caller puts the rows of a batch: inputs with their 1, or pooled inputs where the first layer's path is
    /// reduced.
    public let batch: Matrix<Float>
    /// The outputs of the last layer, then their gradient: samples × classes.
    private let logits: Matrix<Float>

    /// - Parameters:
    ///   - layers: the first and the last one work out of place; the last one's outputs are the logits.
    ///   - capacity: the most samples of one batch.
    ///   - projects: whether `gradient` calls `projectGradient`, layer by layer; else the caller does, after it has
    ///     added to the gradients of W.
    ///   - timer: measures the projection of gradients.
    public init(_ layers: [any Layer], capacity: Int, projects: Bool = true, timer: StepTimer) {
        precondition(
            layers.first!.inputColumns > 0 && layers.last!.inputColumns > 0, "a network begins and ends out of place")
        self.projects = projects
        self.timer = timer
        batch = Matrix(rows: capacity, columns: layers[0].inputColumns)
        batch.columns(batch.columns - 1..<batch.columns).fill(1)
        let learning = layers.firstIndex { $0.hasWeights }!
        var places: [Place] = [], values = batch, gradient: Matrix<Float>?
        for (number, layer) in layers.enumerated() {
            guard layer.inputColumns > 0 else {
                let outputs = values.columns(0..<layer.inputs)
                places.append(
                    Place(
                        layer: layer, input: outputs, inputGradient: gradient, output: outputs,
                        outputGradient: gradient))
                continue
            }
            let next = layers[(number + 1)...].first { $0.inputColumns > 0 }, count = layer.outputs
            let output = Matrix<Float>(rows: capacity, columns: next?.inputColumns ?? count)
            output.columns(count..<output.columns).fill(1)
            let outputs = output.columns(0..<count)
            // Logits give way to their gradient.
            let ofOutputs =
                next == nil ? outputs : number < learning ? nil : Matrix<Float>(rows: capacity, columns: count)
            places.append(
                Place(layer: layer, input: values, inputGradient: gradient, output: outputs, outputGradient: ofOutputs))
            (values, gradient) = (output, ofOutputs)
        }
        self.places = places
        logits = places.last!.output
    }

    /// The floats between the layers for one sample: what each layer out of place reads, and the gradient of its
    /// outputs where it is needed, which for the last are the outputs, too.
    public static func floats(perSample layers: [(inputColumns: Int, outputGradient: Int)]) -> Int {
        layers.reduce(0) { $0 + $1.inputColumns + $1.outputGradient }
    }

    /// Expands predicted layers, after the values changed.
    public func expand() { for place in places { place.layer.expand() } }

    /// Computes the loss and the gradient of the batch's first samples, at the values of the last `expand`.
    ///
    /// - Parameters:
    ///   - labels: a class for each sample.
    ///   - scale: the gradient's scale: 1 over the samples of the batch on all ranks.
    ///   - firstSample: the number of the first sample among all that were seen, by which dropout draws.
    ///   - completed: called with every parameter whose gradient is complete while those of others are still to be
    ///     computed: the last layer's first, none where the caller projects.
    /// - Returns: the sum over these samples of −log p(label), and how many were predicted wrong.
    public func gradient(
        count: Int, labels: UnsafePointer<Int32>, scale: Double, firstSample: Int = 0,
        completed: (Int) -> Void = { _ in }
    ) -> (loss: Double, errors: Int) {
        let pass = Pass.training(firstSample: firstSample), rows = 0..<count
        forward(places[...], count, pass)
        let result = SoftmaxCrossEntropy.gradient(inPlace: logits.rows(rows), labels: labels, scale: scale)
        for place in places.reversed() {
            guard let outputGradient = place.outputGradient else { break }
            place.layer.backward(
                place.input.rows(rows), place.output.rows(rows), outputGradient.rows(rows),
                into: place.inputGradient?.rows(rows), pass)
            guard projects else { continue }
            timer.measure(.projectGradient) { place.layer.projectGradient() }
            // Behind the first layer there is nothing left to compute.
            if place.inputGradient != nil { place.layer.parameters.forEach(completed) }
        }
        return result
    }

    /// Makes the gradient of the learned values from those of W.
    public func projectGradient() {
        timer.measure(.projectGradient) { for place in places { place.layer.projectGradient() } }
    }

    /// Computes the classes predicted for the batch's first samples, and as `gradient` their loss and errors, without a
    /// gradient or dropout.
    public func evaluate(
        count: Int, labels: UnsafePointer<Int32>, predicted: UnsafeMutablePointer<Int32>
    ) -> (loss: Double, errors: Int) {
        forward(places[...], count, .evaluation)
        return SoftmaxCrossEntropy.evaluate(logits.rows(0..<count), labels: labels, predicted: predicted)
    }

    /// Returns what a layer sees of the batch's first samples, samples × `inputColumns`: the batch itself for layer 0.
    public func inputs(ofLayer layer: Int, count: Int) -> Matrix<Float> {
        forward(places[..<layer], count, .evaluation)
        return places[layer].input.rows(0..<count)
    }

    /// Returns a layer's outputs for the batch's first samples, before the layers behind it that work in place.
    public func outputs(ofLayer layer: Int, count: Int) -> Matrix<Float> {
        forward(places[...layer], count, .evaluation)
        return places[layer].output.rows(0..<count)
    }

    private func forward(_ places: ArraySlice<Place>, _ count: Int, _ pass: Pass) {
        let rows = 0..<count
        for place in places { place.layer.forward(place.input.rows(rows), into: place.output.rows(rows), pass) }
    }
}
