import BenchmarkSupport
import Layers
import LinearAlgebra

/// One loop over a matrix of a given size, and its times.
struct Loop {
    let name: String
    let elements: Int
    /// Puts back what the loop changes, so that no value grows, vanishes or becomes denormal from round to round. Not
    /// timed.
    let prepare: () -> Void
    let run: () -> Void
    var times = Spread()

    mutating func time() {
        prepare()
        times.add(milliseconds(run))
    }

    /// Every loop of a stochastic step, on samples × (units + 1) outputs or as many learned values.
    static func all(samples: Int, units: Int) -> [Loop] {
        let start = normal(samples, units + 1, index: 0), other = normal(samples, units + 1, index: 1)
        let work = start.clone(), x = work.columns(0..<units), y = other.columns(0..<units)
        let restore = { work.copy(from: start) }
        let stream = RandomStream(seed: 1, purpose: .dropout)
        var loops: [Loop] = []
        for activation in Activation.allCases {
            loops.append(
                Loop(name: activation.rawValue, elements: samples * units, prepare: restore) {
                    activation.apply(inPlace: x)
                })
            loops.append(
                Loop(name: "back through \(activation.rawValue)", elements: samples * units, prepare: restore) {
                    activation.multiply(x, byDerivativeAt: y)
                })
        }
        loops.append(
            Loop(name: "dropout", elements: samples * units, prepare: restore) {
                dropout(inPlace: x, rate: 0.5, stream: stream, firstIndex: 0)
            })
        let velocity = Matrix<Float>(rows: samples, columns: units + 1)
        for maxNorm in [nil, 1.9365] {
            loops.append(
                Loop(
                    name: maxNorm == nil ? "momentum step" : "momentum step, max norm", elements: samples * (units + 1),
                    prepare: restore
                ) {
                    stepWithMomentum(
                        work, velocity: velocity, gradient: other, weights: units, learningRate: 0.01, momentum: 0.7,
                        decay: 5e-5, maxNorm: maxNorm)
                })
        }
        loops.append(
            Loop(name: "uniform numbers", elements: work.elements.count, prepare: {}) {
                stream.fillUniform(work.elements, in: -0.1..<0.1)
            })
        loops.append(
            Loop(name: "normal numbers", elements: work.elements.count, prepare: {}) {
                stream.fillNormal(work.elements)
            })
        let logits = normal(samples * units / 10, 10, index: 2), rows = logits.clone()
        let labels = (0..<rows.rows).map { Int32($0 % 10) }
        loops.append(
            Loop(name: "softmax, 10 classes", elements: 10 * rows.rows, prepare: { rows.copy(from: logits) }) {
                _ = SoftmaxCrossEntropy.gradient(inPlace: rows, labels: labels, scale: 0.01)
            })
        return loops
    }

    private static func normal(_ rows: Int, _ columns: Int, index: Int) -> Matrix<Float> {
        let matrix = Matrix<Float>(rows: rows, columns: columns)
        RandomStream(seed: 1, purpose: .initialValues, stream: index).fillNormal(matrix.elements)
        return matrix
    }
}
