import CKernels

/// Sums over the taps of atoms and, on the way back, over atoms, of vectors of channels: the ways of an
/// `AtomConvolution`, for one sample at a time, which is copied into a frame.
final class AtomSums {
    private let frame: SampleFrame
    private let size: Int, stride: Int, inner: Int, columns: Int
    /// The floats of a vector of channels.
    private let channels: Int
    private let width: Int32
    /// Where each tap, or each tap and atom that are summed, is in the frame.
    private let offsets: [Int]

    /// - Parameters:
    ///   - pixel, spread, before, size, stride: those of the frame.
    ///   - output: the places of the atoms.
    ///   - inner: vectors of channels in a pixel of the input that are summed.
    ///   - width: floats of the vectors that are used; nil: of the widest.
    init(
        of input: TensorShape, pixel: Int, spread: Int, before: Int, size: Int, stride: Int, into output: TensorShape,
        inner: Int, width: Int?
    ) {
        let frame = SampleFrame(
            of: input, pixel: pixel, spread: spread, before: before, size: size, stride: stride, into: output)
        let channels = pixel / inner
        (self.frame, self.size, self.stride, self.inner) = (frame, size, stride, inner)
        (self.channels, columns, self.width) = (channels, output.width, width.map(Int32.init) ?? ck_convolution_width())
        offsets = (0..<size * size * inner).map { i in
            let tap = i / inner
            return tap / size * frame.line + tap % size * pixel + i % inner * channels
        }
    }

    /// - Parameters:
    ///   - u: a row of `atoms` for each tap, or for each tap and atom that are summed.
    ///   - y: for each pixel `atoms` vectors of channels.
    func apply(
        _ x: UnsafePointer<Float>, _ u: UnsafePointer<Float>, atoms: Int, into y: UnsafeMutablePointer<Float>,
        readsPlanes: Bool = false
    ) {
        let start = frame.filled(with: x, readsPlanes: readsPlanes)
        let line = frame.line, row = columns * atoms * channels, filterRow = size * inner
        for band in frame.bands {
            let first = band.filterRows.lowerBound * filterRow
            offsets.withUnsafeBufferPointer {
                ck_convolve_atoms(
                    width, start + band.rows.lowerBound * stride * line, stride * line, stride * frame.pixel,
                    $0.baseAddress! + first, band.filterRows.count * filterRow, u + first * atoms, atoms,
                    y + band.rows.lowerBound * row, row, band.rows.count, columns, channels)
            }
        }
    }
}
