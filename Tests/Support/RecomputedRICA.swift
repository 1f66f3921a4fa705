import Foundation

/// A learned model as another program sees it, from the numbers of its file alone, all in Double and as written on
/// paper.
public struct RecomputedRICA {
    public var channels: Int, side: Int
    /// Ŵ, units × n_v.
    public var rows: [[Double]] = []
    public var mean: [Double], whitening: [[Double]]
    public var contrastOffset: Double

    public init(channels: Int, side: Int, mean: [Double], whitening: [[Double]], contrastOffset: Double) {
        (self.channels, self.side, self.contrastOffset) = (channels, side, contrastOffset)
        (self.mean, self.whitening) = (mean, whitening)
    }

    /// Adds the units of a column: their rows are w at α spread over each plane by U = k_αᵀ(K_α + λI)⁻¹.
    public mutating func addColumn(values: [[Double]], alpha: [Int], sigma: Double, ridge: Double) {
        let positions = side * side
        func kernel(_ i: Int, _ j: Int) -> Double {
            let dy = Double(i / side - j / side), dx = Double(i % side - j % side)
            return exp(-(dy * dy + dx * dx) / (2 * sigma * sigma))
        }
        let gram = alpha.indices.map { a in alpha.indices.map { b in kernel(alpha[a], alpha[b]) + (a == b ? ridge : 0) }
        }
        for unit in values {
            var row: [Double] = []
            for channel in 0..<channels {
                let weights = solve(gram, Array(unit[channel * alpha.count..<(channel + 1) * alpha.count]))
                row += (0..<positions).map { p in zip(alpha, weights).reduce(0) { $0 + kernel(p, $1.0) * $1.1 } }
            }
            rows.append(row)
        }
    }

    /// A patch of pixels, contrast-normalised and whitened.
    public func whiten(_ pixels: [Double]) -> [Double] {
        let n = Double(pixels.count)
        let middle = pixels.reduce(0, +) / n
        let variance = pixels.reduce(0) { $0 + ($1 - middle) * ($1 - middle) } / (n - 1)
        let normal = zip(pixels, mean).map { ($0 - middle) / (variance + contrastOffset).squareRoot() - $1 }
        return whitening.map { zip($0, normal).reduce(0) { $0 + $1.0 * $1.1 } }
    }

    /// Ŵx.
    public func responses(_ x: [Double]) -> [Double] { rows.map { zip($0, x).reduce(0) { $0 + $1.0 * $1.1 } } }

    /// The mean over patches of λΣ√((Ŵx)² + ε) + ½‖ŴᵀŴx − x‖², for patches of length 1.
    public func objective(_ patches: [[Double]], lambda: Double, epsilon: Double) -> Double {
        var sum = 0.0
        for x in patches {
            let y = responses(x)
            var rest = x.map { -$0 }
            for (row, y) in zip(rows, y) { for i in rest.indices { rest[i] += y * row[i] } }
            sum +=
                lambda * y.reduce(0) { $0 + ($1 * $1 + epsilon).squareRoot() } + 0.5 * rest.reduce(0) { $0 + $1 * $1 }
        }
        return sum / Double(patches.count)
    }
}

/// Gaussian elimination with the largest pivots.
private func solve(_ matrix: [[Double]], _ right: [Double]) -> [Double] {
    var m = zip(matrix, right).map { $0 + [$1] }
    let n = m.count
    for k in 0..<n {
        m.swapAt(k, (k..<n).max { abs(m[$0][k]) < abs(m[$1][k]) }!)
        for i in 0..<n where i != k {
            let factor = m[i][k] / m[k][k]
            for j in k...n { m[i][j] -= factor * m[k][j] }
        }
    }
    return (0..<n).map { m[$0][n] / m[$0][$0] }
}

/// The images of a file in STL-10's layout: planes stored column by column.
public struct RecomputedImages {
    private let bytes: [UInt8]
    public let side = 96, channels = 3
    public var count: Int { bytes.count / 27_648 }

    public init(path: String) throws { bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) }

    /// The pixels of a square patch, ordered channel, row, column.
    public func patch(image: Int, row: Int, column: Int, side size: Int) -> [Double] {
        var pixels: [Double] = []
        for channel in 0..<channels {
            for y in row..<row + size {
                for x in column..<column + size {
                    pixels.append(Double(bytes[image * 27_648 + channel * 9216 + x * 96 + y]))
                }
            }
        }
        return pixels
    }
}
