import CKernels

/// One step of gradient descent with momentum (Sutskever, Martens, Dahl & Hinton, ICML 2013, equations 1 and 2) on the
/// learned values of a layer, with L2 decay and a bound on the norm of a unit's weights:
///
/// v ← μv − η(g + λw), w ← w + v; then a unit whose weights have a norm above `maxNorm` is scaled back to it.
/// Its velocity stays.
///
/// One pass at memory speed, 20 bytes a value. The norm is summed in Double, in an order that depends on the row's
/// length only.
///
/// - Parameters:
///   - values: w, units × values a unit.
///   - velocity: v, the same shape.
///   - gradient: g, the same shape.
///   - weights: how many values of a unit, from its first, decay and take part in the norm; the rest are biases.
///   - learningRate: η.
///   - momentum: μ.
///   - decay: λ.
///   - maxNorm: nil for none.
public func stepWithMomentum(
    _ values: Matrix<Float>, velocity: Matrix<Float>, gradient: Matrix<Float>, weights: Int, learningRate: Float,
    momentum: Float, decay: Float, maxNorm: Double?
) {
    precondition(values.rows == velocity.rows && values.columns == velocity.columns)
    precondition(values.rows == gradient.rows && values.columns == gradient.columns)
    precondition(weights >= 0 && weights <= values.columns)
    ck_momentum_step(
        values.pointer, values.stride, velocity.pointer, velocity.stride, gradient.pointer, gradient.stride,
        values.rows,
        values.columns, weights, learningRate, momentum, decay, maxNorm ?? .infinity)
}
