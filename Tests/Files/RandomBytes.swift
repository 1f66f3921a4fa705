import LinearAlgebra

/// Bytes that depend on the seed only.
public func randomBytes(_ count: Int, seed: UInt64) -> [UInt8] {
    let stream = RandomStream(seed: seed, purpose: .initialValues)
    return (0..<count).map { UInt8(stream.integer(below: 256, at: $0)) }
}
