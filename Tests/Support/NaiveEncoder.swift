/// The encoder from raw pixels in Double: every patch is contrast-normalised and whitened, the layer's responses are
/// scaled, encoded and summed over four quadrants that meet at half the positions, rounded down.
public struct NaiveEncoder {
    public var channels: Int, height: Int, width: Int, size: Int
    /// Ŵ, Z and μ, and a scale for each unit.
    public var rows: Rows, whitening: Rows, mean: [Double], scale: [Double]
    /// What a response becomes: one number or two.
    public var parts: (Double) -> [Double]

    public init(
        channels: Int, height: Int, width: Int, size: Int, rows: Rows, whitening: Rows, mean: [Double], scale: [Double],
        parts: @escaping (Double) -> [Double]
    ) {
        (self.channels, self.height, self.width, self.size) = (channels, height, width, size)
        (self.rows, self.whitening, self.mean, self.scale) = (rows, whitening, mean, scale)
        self.parts = parts
    }

    /// The features in the order quadrant, part, unit, and a bound on what Float arithmetic of the folded product may
    /// be off by.
    ///
    /// With F = DŴZ(I − 11ᵀ/n), y = s·Fx − DŴZμ: F is two products of n terms (three pooled) and a mean, Fx
    /// one of n more, so each response is off by at most γ_{4n+16}(s|D||Ŵ||Z'||x| + |D||Ŵ||Z||μ|), with |Z'| ≤
    /// |Z| + its rows' mean and `magnitude` ≥ |Ŵ| what the layer's own product sums up. No encoder moves more than
    /// y, and a quadrant of p positions adds γ_{p+4}Σ|part|.
    public func encode(_ planes: [UInt8], magnitude: Rows) -> (value: [Double], error: [Double]) {
        let n = mean.count, down = height - size + 1, across = width - size + 1
        let count = parts(0).count, units = rows.count
        var value = [Double](repeating: 0, count: 4 * count * units), spread = value
        let centred = whitening.map { row in row.map { abs($0) + abs(row.reduce(0, +)) / Double(n) } }
        let filters = naiveProduct(magnitude, centred)
        let offset = naiveProduct(
            magnitude, naiveTransposed(naiveProduct([mean.map(abs)], whitening.map { $0.map(abs) })))
        for p in 0..<down {
            for q in 0..<across {
                let pixels = (0..<n).map { i -> Double in
                    let (c, r, s) = (i / (size * size), i / size % size, i % size)
                    return Double(planes[(c * height + p + r) * width + q + s])
                }
                let average = pixels.reduce(0, +) / Double(n)
                let variance = pixels.reduce(0) { $0 + ($1 - average) * ($1 - average) } / Double(n - 1)
                let s = 1 / (variance + 10).squareRoot()
                let white = naiveProduct(
                    [pixels.indices.map { (pixels[$0] - average) * s - mean[$0] }], naiveTransposed(whitening))
                let responses = naiveProduct(white, naiveTransposed(rows))[0]
                let quadrant = (p < down / 2 ? 0 : 2) + (q < across / 2 ? 0 : 1)
                for k in 0..<units {
                    let size = scale[k] * (s * zip(filters[k], pixels).reduce(0) { $0 + $1.0 * $1.1 } + offset[k][0])
                    for (part, number) in parts(scale[k] * responses[k]).enumerated() {
                        let place = (quadrant * count + part) * units + k
                        value[place] += number
                        spread[place] += floatGamma(4 * n + 16) * size + floatGamma(down * across + 4) * abs(number)
                    }
                }
            }
        }
        return (value, spread)
    }
}
