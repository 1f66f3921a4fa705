import CKernels

// bfloat16 is the upper half of a Float: its range, 8 bits of its precision. All loops run at memory speed.

/// The nearest bfloat16 of each value, ties to even: off by at most 2⁻⁹ of it.
public func roundToBFloat16(_ values: UnsafePointer<Float>, into rounded: UnsafeMutablePointer<UInt16>, count: Int) {
    ck_bfloat16_round(values, rounded, count)
}

/// The same of the values with what earlier rounding took from them, which becomes what this one takes.
public func roundToBFloat16(
    _ values: UnsafePointer<Float>, errorFeedback: UnsafeMutablePointer<Float>,
    into rounded: UnsafeMutablePointer<UInt16>, count: Int
) {
    ck_bfloat16_round_feedback(values, errorFeedback, rounded, count)
}

/// Exactly the numbers that were rounded to.
public func widenFromBFloat16(_ rounded: UnsafePointer<UInt16>, into values: UnsafeMutablePointer<Float>, count: Int) {
    ck_bfloat16_widen(rounded, values, count)
}

/// values ← values + rounded.
public func addBFloat16(_ rounded: UnsafePointer<UInt16>, to values: UnsafeMutablePointer<Float>, count: Int) {
    ck_bfloat16_add(rounded, values, count)
}
