import CKernels

/// Sets a share of the elements to 0 and scales the others by 1/(1 − rate), so that the mean stays (Srivastava et
/// al., JMLR 2014, section 10: inverted dropout).
///
/// Which ones is a function of the stream and the element's index alone, `firstIndex` + row·columns + column: with
/// samples counted in the global batch, ranks with any slices of it draw one mask. No mask is stored: dropout is
/// linear, so the way back is the same call on the gradient, which draws it again;
/// `Activation.multiply(_:byDerivativeAt:dropoutRate:)` then takes the scale out of the outputs. About 1.4 ns an
/// element with AVX2.
///
/// - Parameters:
///   - activations: samples × units, without the column of ones.
///   - rate: in 0..<1.
///   - stream: one a layer, of the purpose `.dropout`.
///   - firstIndex: the index of the first element; each step and each sample of the global batch has indices of its
///     own.
public func dropout(inPlace activations: Matrix<Float>, rate: Float, stream: RandomStream, firstIndex: Int) {
    precondition(rate >= 0 && rate < 1, "a dropout rate of \(rate)")
    ck_dropout(
        stream.seed, stream.purpose.code, stream.stream, UInt64(firstIndex), activations.pointer, activations.stride,
        activations.rows, activations.columns, UInt32((Double(rate) * 0x1p32).rounded()), 1 / (1 - rate))
}
