/// The nearest bfloat16: of the two neighbours the one that is nearer in Double, of two as near the even one. Beyond
/// the largest comes 2¹²⁸, which stands for infinity.
public func naiveBFloat16(_ value: Float) -> UInt16 {
    if value.isNaN { return 0x7fc0 }
    let inner = UInt16(value.bitPattern >> 16)
    if value.isInfinite { return inner }
    let outer = inner + 1
    let toInner = abs(Double(value) - number(inner)), toOuter = abs(number(outer) - Double(value))
    return toInner < toOuter || toInner == toOuter && inner % 2 == 0 ? inner : outer
}

/// A bfloat16 as the Float that it is the upper half of.
public func naiveWidened(_ half: UInt16) -> Float { Float(bitPattern: UInt32(half) << 16) }

private func number(_ half: UInt16) -> Double {
    let value = naiveWidened(half)
    return value.isInfinite ? Double(signOf: Double(value), magnitudeOf: 0x1p128) : Double(value)
}
