import Foundation

/// A multilayer perceptron as the textbook has it, in Double: hidden layers of one activation, softmax, mean
/// cross-entropy.
public struct NaivePerceptron {
    /// An activation by its value and its slope at a value, with how far that slope can be off when its value is.
    public struct Nonlinearity: Sendable {
        public var value: @Sendable (Double) -> Double
        public var slope: @Sendable (_ output: Double) -> Double
        /// The steepest slope.
        public var steepest: Double
        /// How much the slope moves at most for an output that moves by 1.
        public var bend: Double
        /// What the Float kernel itself may be off by.
        public var kernelError: Double

        public static let sigmoid = Self(
            value: { 1 / (1 + exp(-$0)) }, slope: { $0 * (1 - $0) }, steepest: 0.25, bend: 1, kernelError: 2e-7)
        public static let tanh = Self(
            value: { Foundation.tanh($0) }, slope: { 1 - $0 * $0 }, steepest: 1, bend: 2, kernelError: 2e-7)
        /// Its slope jumps at 0, where no test may put an output.
        public static let relu = Self(
            value: { max($0, 0) }, slope: { $0 > 0 ? 1 : 0 }, steepest: 1, bend: 0, kernelError: 0)
    }

    /// The columns of every layer: units and the whole U, n_v × n_α.
    public var layers: [[(units: Range<Int>, basis: Rows)]]
    public var nonlinearity: Nonlinearity
    public var inputs: Rows
    public var labels: [Int32]
    /// What dropout multiplies the outputs of every hidden layer by, samples × units; empty: nothing is dropped.
    public var masks: [Rows] = []

    public init(
        layers: [[(units: Range<Int>, basis: Rows)]], nonlinearity: Nonlinearity, inputs: Rows, labels: [Int32]
    ) {
        self.layers = layers
        self.nonlinearity = nonlinearity
        self.inputs = inputs
        self.labels = labels
    }

    /// W of a layer with its biases, units × (n_v + 1), from its learned values, units × (n_α + 1).
    private func full(_ layer: Int, _ values: Rows) -> Rows {
        layers[layer].flatMap { column in
            column.units.map { k in
                naiveProduct([Array(values[k].dropLast())], naiveTransposed(column.basis))[0] + [values[k].last!]
            }
        }
    }

    /// The mean loss at the learned values of every layer.
    public func loss(_ values: [Rows]) -> Double {
        var x = inputs
        for k in layers.indices {
            let y = naiveProduct(x.map { $0 + [1] }, naiveTransposed(full(k, values[k])))
            x = k == layers.count - 1 ? y : y.map { $0.map(nonlinearity.value) }
            if k < masks.count { x = zip(x, masks[k]).map { zip($0, $1).map(*) } }
        }
        return zip(x, labels).reduce(0) { sum, sample in
            sum + log(sample.0.reduce(0) { $0 + exp($1) }) - sample.0[Int(sample.1)]
        } / Double(inputs.count)
    }

    /// The sum of the losses and the gradient of their mean, as the network computes them on a path a layer, with a
    /// bound on what Float arithmetic may be off by: every product is one of the network's, so the bound follows its
    /// chain of roundings.
    ///
    /// - Parameter pools: whether a layer pools its inputs with U, for every layer; else it expands W.
    public func bounded(_ values: [Rows], pools: [Bool]) -> (loss: Double, error: Double, gradient: [Bounded]) {
        let u = floatUnit
        var x = [Bounded(inputs)]
        for k in layers.indices {
            let input = withOnes(x[k])
            var y = Bounded([]), columns: [Bounded] = []
            for (units, basis) in layers[k] {
                let w = Bounded(Array(values[k][units]))
                let augmented = augment(basis)
                let product = pools[k]
                    ? input.times(Bounded(augmented)).times(w.transposed)
                    : input.times(expanded(w, augmented).transposed)
                columns.append(product)
            }
            y.value = x[k].value.indices.map { r in columns.flatMap { $0.value[r] } }
            y.error = x[k].value.indices.map { r in columns.flatMap { $0.error[r] } }
            if k < layers.count - 1 {
                for r in y.value.indices {
                    for c in y.value[r].indices {
                        y.value[r][c] = nonlinearity.value(y.value[r][c])
                        y.error[r][c] = nonlinearity.steepest * y.error[r][c] + nonlinearity.kernelError
                        guard k < masks.count else { continue }
                        y.value[r][c] *= masks[k][r][c]
                        y.error[r][c] = masks[k][r][c] * y.error[r][c] * (1 + u) + u * abs(y.value[r][c])
                    }
                }
            }
            x.append(y)
        }

        // Softmax: a logit off by e moves the logarithm of a probability by 2e at most; the kernel's exponentials,
        // their sum and the quotient add 16 roundings. The loss moves by 2e and as many roundings of its terms.
        var loss = 0.0, lossError = 0.0
        var g = x.removeLast()
        let scale = 1 / Double(inputs.count)
        for r in g.value.indices {
            let logits = g.value[r], e = g.error[r].max()!, largest = logits.max()!
            let sum = logits.reduce(0) { $0 + exp($1 - largest) }
            let own = log(sum) + largest - logits[Int(labels[r])]
            loss += own
            lossError += 2 * e + 16 * u * (abs(own) + abs(largest) + abs(logits[Int(labels[r])]) + 1)
            for c in logits.indices {
                let p = exp(logits[c] - largest) / sum
                g.value[r][c] = scale * (p - (Int(labels[r]) == c ? 1 : 0))
                g.error[r][c] = scale * (p * (exp(2 * e) * (1 + 16 * u) - 1) + 3 * u)
            }
        }
        var gradients: [Bounded] = []
        for k in layers.indices.reversed() {
            let input = withOnes(x[k])
            var own = Bounded([])
            var back: Bounded?
            for (units, basis) in layers[k] {
                let part = Bounded(value: g.value.map { Array($0[units]) }, error: g.error.map { Array($0[units]) })
                let augmented = augment(basis), w = Bounded(Array(values[k][units]))
                let gradient = pools[k]
                    ? part.transposed.times(input.times(Bounded(augmented)))
                    : part.transposed.times(input).times(Bounded(augmented))
                own.value += gradient.value
                own.error += gradient.error
                let toInputs = pools[k]
                    ? part.times(w).times(Bounded(naiveTransposed(augmented))) : part.times(expanded(w, augmented))
                // One product sums over all columns at once: each partial sum is rounded once more.
                back = back.map { $0.plus(toInputs) } ?? toInputs
            }
            gradients.insert(own, at: 0)
            guard k > 0, var next = back else { continue }
            for r in next.value.indices {
                next.value[r].removeLast()
                next.error[r].removeLast()
                for c in next.value[r].indices {
                    // The slope is that of the output before dropout, which is found again by 1 − rate: two roundings
                    // more.
                    let mask = k <= masks.count ? masks[k - 1][r][c] : 1, before = mask == 0 ? 0 : 1 / mask
                    let output = x[k].value[r][c] * before, slope = nonlinearity.slope(output)
                    let slopeError = nonlinearity.bend * (x[k].error[r][c] * before + 2 * u * abs(output)) + 3 * u
                    let a = next.value[r][c] * mask, da = next.error[r][c] * mask * (1 + u) + u * abs(a)
                    next.value[r][c] = a * slope
                    next.error[r][c] = da * (abs(slope) + slopeError) + abs(a) * slopeError + u * abs(a * slope)
                }
            }
            g = next
        }
        return (loss, lossError, gradients)
    }

    private func withOnes(
        _ x: Bounded
    ) -> Bounded {
        Bounded(value: x.value.map { $0 + [1] }, error: x.error.map { $0 + [0] })
    }

    /// U for inputs with their constant: one row and column more.
    private func augment(_ basis: Rows) -> Rows {
        basis.map { $0 + [0] } + [[Double](repeating: 0, count: basis[0].count) + [1]]
    }

    private func expanded(_ w: Bounded, _ augmented: Rows) -> Bounded { w.times(Bounded(naiveTransposed(augmented))) }
}
