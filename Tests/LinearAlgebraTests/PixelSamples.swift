import LinearAlgebra
import TestSupport
import Testing

/// Planes of one sample as convolutions read and write them: element (y, x, c) at (y·width + x)·floats + c.
func inPixels(_ planes: [Double], _ shape: TensorShape, between: Float = 0) -> [Float] {
    var result = [Float](repeating: between, count: shape.sampleFloats)
    for c in 0..<shape.channels {
        for p in 0..<shape.positions { result[p * shape.pixelFloats + c] = Float(planes[c * shape.positions + p]) }
    }
    return result
}

/// The planes of one sample, and whether all that lies between the channels is 0.
func planes(_ row: [Float], _ shape: TensorShape) -> (values: [Double], isClean: Bool) {
    var values = [Double](repeating: 0, count: shape.count), isClean = true
    for p in 0..<shape.positions {
        for c in 0..<shape.pixelFloats {
            let value = row[p * shape.pixelFloats + c]
            if c < shape.channels { values[c * shape.positions + p] = Double(value) }
            if c >= shape.channels, value != 0 { isClean = false }
        }
    }
    return (values, isClean)
}

/// Weights of maps × channels × taps as a convolution takes them.
func packed(_ w: [Double], _ convolution: any ConvolutionWay) -> Matrix<Float> {
    let channels = convolution.shape.input.channels, taps = convolution.weightRows / channels
    let weights = Matrix<Float>(rows: convolution.weightRows, columns: convolution.weightColumns)
    for m in 0..<convolution.shape.maps {
        for c in 0..<channels {
            for t in 0..<taps { weights[t * channels + c, m] = Float(w[(m * channels + c) * taps + t]) }
        }
    }
    return weights
}

/// The way back of `packed`.
func unpacked(_ weights: Matrix<Float>, _ convolution: any ConvolutionWay) -> [Double] {
    let channels = convolution.shape.input.channels, taps = convolution.weightRows / channels
    return (0..<convolution.shape.maps).flatMap { m in
        (0..<channels).flatMap { c in (0..<taps).map { Double(weights[$0 * channels + c, m]) } }
    }
}

func draw(_ count: Int, _ stream: Int) -> [Double] {
    normalMatrix(rows: 1, columns: count, stream: stream).doubles[0]
}

func magnitudes(_ values: [Double]) -> [Double] { values.map(abs) }

/// A sum of n products in any order, contracted or not, is off by at most γ_{n+1} of the sum of their absolute
/// values (Higham 2002, section 3.1), and so is one that goes on from another sum.
func expectClose(_ values: [Double], _ truth: [Double], _ magnitude: [Double], _ terms: Int) {
    let gamma = floatGamma(terms + 1)
    guard values.count == truth.count else {
        Issue.record("expected \(truth.count) values, found \(values.count)")
        return
    }
    for i in truth.indices where !(abs(values[i] - truth[i]) <= gamma * magnitude[i]) {
        Issue.record("value \(i) of \(truth.count): expected \(truth[i]), found \(values[i])")
        return
    }
}
