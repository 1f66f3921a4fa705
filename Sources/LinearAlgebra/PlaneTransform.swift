import Foundation

/// The sizes of a transform of planes.
struct PlaneFrequencies {
    /// The pixels of a plane.
    let rows: Int, columns: Int
    /// The frequencies that are kept along rows and along columns.
    let down: Int, across: Int

    /// - Parameter period: rows and columns of the periodic plane.
    init(rows: Int, columns: Int, period: (rows: Int, columns: Int)) {
        (self.rows, self.columns) = (rows, columns)
        (down, across) = (period.rows / 2 + 1, period.columns)
    }

    var count: Int { down * across }
    /// The floats between both directions for planes with so many to a pixel.
    func betweenFloats(pixel: Int) -> Int { 2 * down * columns * pixel }
    /// The floats of the matrices of a transform.
    var matrixFloats: Int { 4 * down * rows + 8 * across * columns }
    /// The flops of a plane with so many floats to a pixel, of which so many count, one way.
    func flops(pixel: Int, channels: Int) -> Double {
        4 * Double(down * columns) * Double(rows * pixel + 2 * across * channels)
    }
}

/// The discrete Fourier transform of real planes, rows first, and its way back, as products with matrices of sines and
/// cosines: planes of tens of pixels are too small for anything faster. Of the frequencies along rows half are kept, as
/// those of real values mirror each other; frequency (k, l) has number k·`across` + l.
///
/// The planes of many channels stand side by side, element (y, x, c) at (y·columns + x)·pixel + c.
struct PlaneTransform {
    /// The sign of e^{±i·2π·k·(y − before)/N}, and the pixels before the first.
    enum Kind {
        case sample
        /// Filters are turned round: a product of spectra is Σ_u w(u)·x(y + u − before) then.
        case filter(before: Int)
    }

    let sizes: PlaneFrequencies
    /// 2·down × rows, real parts and imaginary ones in turns.
    private let rowsForward: Matrix<Float>
    /// across × 2·columns: real and imaginary part of the result, from both of what `rowsForward` makes.
    private let real: Matrix<Float>, imaginary: Matrix<Float>
    /// 2·columns × across, from real and from imaginary parts.
    private let fromReal: Matrix<Float>, fromImaginary: Matrix<Float>
    /// rows × 2·down.
    private let rowsBack: Matrix<Float>

    /// - Parameter period: as for its sizes.
    init(_ kind: Kind, rows: Int, columns: Int, period: (rows: Int, columns: Int)) {
        sizes = PlaneFrequencies(rows: rows, columns: columns, period: period)
        let down = sizes.down, across = sizes.across
        var sign = -1.0, before = 0
        if case .filter(let pixels) = kind { (sign, before) = (1, pixels) }
        func wave(_ frequency: Int, _ place: Int, _ period: Int) -> (cos: Double, sin: Double) {
            // Whole turns are taken off first, which rounding would not forgive.
            let turn = (frequency * (place - before)) % period
            let angle = 2 * Double.pi * Double(turn) / Double(period)
            return (cos(angle), sign * sin(angle))
        }
        let there = Matrix<Float>(rows: 2 * down, columns: rows), back = Matrix<Float>(rows: rows, columns: 2 * down)
        for k in 0..<down {
            // The mirrored frequency counts, too; the first, and the middle one of an even period, have none.
            let weight = Double(k == 0 || 2 * k == period.rows ? 1 : 2) / Double(period.rows * period.columns)
            for y in 0..<rows {
                let wave = wave(k, y, period.rows)
                there[2 * k, y] = Float(wave.cos)
                there[2 * k + 1, y] = Float(wave.sin)
                back[y, 2 * k] = Float(weight * wave.cos)
                back[y, 2 * k + 1] = Float(weight * wave.sin)
            }
        }
        let parts = (0..<2).map { _ in Matrix<Float>(rows: period.columns, columns: 2 * columns) }
        let from = (0..<2).map { _ in Matrix<Float>(rows: 2 * columns, columns: period.columns) }
        for l in 0..<across {
            for x in 0..<columns {
                let wave = wave(l, x, period.columns), c = Float(wave.cos), s = Float(wave.sin)
                (parts[0][l, x], parts[0][l, columns + x]) = (c, -s)
                (parts[1][l, x], parts[1][l, columns + x]) = (s, c)
                (from[0][x, l], from[0][columns + x, l]) = (c, -s)
                (from[1][x, l], from[1][columns + x, l]) = (s, c)
            }
        }
        (rowsForward, rowsBack) = (there, back)
        (real, imaginary, fromReal, fromImaginary) = (parts[0], parts[1], from[0], from[1])
    }

    private var rows: Int { sizes.rows }
    private var columns: Int { sizes.columns }
    var down: Int { sizes.down }
    var across: Int { sizes.across }

    /// Transforms along rows.
    func rowsForward(_ x: UnsafePointer<Float>, pixel: Int, into z: UnsafeMutablePointer<Float>) {
        let width = columns * pixel
        Float.gemm(false, false, 2 * down, width, rows, 1, rowsForward.pointer, rows, x, width, 0, z, width)
    }

    /// Transforms frequency k of the rows along columns, for `channels` floats of a pixel.
    ///
    /// - Parameters:
    ///   - z: the first of these floats.
    ///   - re, im: where they go, `stride` floats from one frequency to the next; `sign` times the imaginary parts.
    func columnsForward(
        _ z: UnsafePointer<Float>, _ k: Int, pixel: Int, channels: Int, re: UnsafeMutablePointer<Float>,
        im: UnsafeMutablePointer<Float>, stride: Int, sign: Float = 1
    ) {
        let from = z + 2 * k * columns * pixel
        Float.gemm(
            false, false, across, channels, 2 * columns, 1, real.pointer, 2 * columns, from, pixel, 0, re, stride)
        Float.gemm(
            false, false, across, channels, 2 * columns, sign, imaginary.pointer, 2 * columns, from, pixel, 0, im,
            stride)
    }

    /// Takes frequency k of the rows back along columns; of what it makes only the real part counts in the end.
    ///
    /// - Parameters:
    ///   - sign: of the imaginary parts.
    ///   - adds: to what is in z.
    func columnsBack(
        re: UnsafePointer<Float>, im: UnsafePointer<Float>, stride: Int, _ k: Int, pixel: Int, channels: Int,
        into z: UnsafeMutablePointer<Float>, sign: Float = 1, adds: Bool = false
    ) {
        let to = z + 2 * k * columns * pixel
        Float.gemm(
            false, false, 2 * columns, channels, across, 1, fromReal.pointer, across, re, stride, adds ? 1 : 0, to,
            pixel)
        Float.gemm(
            false, false, 2 * columns, channels, across, sign, fromImaginary.pointer, across, im, stride, 1, to, pixel)
    }

    /// Takes them back along rows, and adds them to `factor` times what is there.
    func rowsBack(
        _ z: UnsafePointer<Float>, pixel: Int, into x: UnsafeMutablePointer<Float>, addingTo factor: Float = 0
    ) {
        let width = columns * pixel
        Float.gemm(false, false, rows, width, 2 * down, 1, rowsBack.pointer, 2 * down, z, width, factor, x, width)
    }
}
