import BenchmarkSupport
import LinearAlgebra

/// One thing whose time is taken, and what the time is held against.
struct Contestant {
    enum Bound {
        /// The least part of the rate of the plain products.
        case rate(Double)
        /// The largest ratio to the dense step.
        case dense(Double)
    }

    let name: String
    let bound: Bound?
    let run: () -> Void
    var times = Spread()

    init(_ name: String, bound: Bound? = nil, run: @escaping () -> Void) {
        self.name = name
        self.bound = bound
        self.run = run
    }

    /// Several runs on end, as steps follow each other in training, after one that brings its values into cache.
    mutating func time(runs: Int) {
        run()
        times.add(milliseconds { for _ in 0..<runs { run() } } / Double(runs))
    }

    /// The products of a dense step, each one call: forward, then for each layer the gradient of W and of its inputs.
    ///
    /// - Parameter withBiases: biases are one more weight, for an input of 1, as in `FullyConnected`.
    static func products(samples: Int, withBiases: Bool) -> Contestant {
        let widths = [784, 500, 500, 10], layers = widths.indices.dropLast(), bias = withBiases ? 1 : 0
        func normal(_ rows: Int, _ columns: Int, _ index: Int) -> Matrix<Float> {
            let matrix = Matrix<Float>(rows: rows, columns: columns)
            RandomStream(seed: 1, purpose: .initialValues, stream: index).fillNormal(matrix.elements)
            return matrix
        }
        let inputs = layers.map { normal(samples, widths[$0] + bias, $0) }
        let weights = layers.map { normal(widths[$0 + 1], widths[$0] + bias, $0 + 3) }
        let weightGradients = weights.map { Matrix<Float>(rows: $0.rows, columns: $0.columns) }
        let outputs = layers.map {
            $0 + 1 < inputs.count ? inputs[$0 + 1].columns(0..<widths[$0 + 1]) : normal(samples, 10, 6)
        }
        let gradients = layers.map { $0 + 1 < inputs.count ? normal(samples, widths[$0 + 1], $0 + 7) : outputs[$0] }
        return Contestant(withBiases ? "products, biases among them" : "products, plain sgemm") {
            for k in layers { multiply(inputs[k], weights[k], transposed: .second, into: outputs[k]) }
            for k in layers.reversed() {
                multiply(gradients[k], inputs[k], transposed: .first, into: weightGradients[k])
                if k > 0 { multiply(gradients[k], weights[k].columns(0..<widths[k]), into: gradients[k - 1]) }
            }
        }
    }
}
