import ArgumentParser
import BenchmarkSupport
import Datasets
import Foundation
import LinearAlgebra
import Runs

/// Times the convolutions of Denil et al. 2013, Fig. 5, by themselves.
struct ConvolutionTimes: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convolution",
        abstract:
            "Times the three convolutions of the paper's net for CIFAR-10 on one thread: forward, the weights' "
                + "gradient and the inputs'.",
        discussion: """
            Direct convolution takes turns with lowered blocks: the pixels under every place of a filter as a row of a \
            matrix, a sample at a time, and products of OpenBLAS. Medians over the rounds, the first of which is not \
            counted; GF/s count all taps, also those that see padding. The share is that of the rate of a product of \
            1024×1024 matrices, medians both. Then the same layer with an open window: blurred inputs, σ 1, and a \
            part of the taps; the ratios are to the direct convolution. Last come steps of the whole net, without \
            dropout, as the job convnet makes them.
            """,
        version: RunRecord.colonnade)

    @Option(help: "Samples of a batch.")
    var batch = 128
    @Option(help: "Rounds.")
    var rounds = 7
    @Option(help: "Add a row for each sum and step to this file.")
    var csv: String?

    func validate() throws {
        try checkPositive((batch, "--batch"), (rounds, "--rounds"))
    }

    /// Layers 1 to 3: filters of 8×8, 8×8 and 5×5 pixels, the last two behind pools of 4×4 at every second pixel.
    static let layers = [
        ConvolutionShape(input: TensorShape(channels: 3, height: 32, width: 32), maps: 48, size: 8, padding: 4),
        ConvolutionShape(input: TensorShape(channels: 48, height: 15, width: 15), maps: 64, size: 8, padding: 3),
        ConvolutionShape(input: TensorShape(channels: 64, height: 6, width: 6), maps: 64, size: 5, padding: 3),
    ]

    func run() throws {
        Backend.setThreads(1)
        print(
            "batches of \(batch), one thread, vectors of \(Convolution.widestVectors), \(Backend.kernels) kernels, "
                + "\(rounds) rounds")
        print(
            "layer                       what       direct ms    GF/s   share  lowered ms   ratio"
                + Self.proportions.map { String(format: "   %2.0f %% ms  ratio", 100 * $0) }.joined())
        var sums = [Double](repeating: 0, count: 2 + Self.proportions.count)
        for (number, shape) in Self.layers.enumerated() {
            for (i, milliseconds) in time(shape, number + 1).enumerated() { sums[i] += milliseconds }
        }
        print(
            String(format: "all%45.2f%28.2f%8.2f", sums[0], sums[1], sums[0] / sums[1])
                + sums[2...].map { String(format: "%10.2f%7.2f", $0, $0 / sums[0]) }.joined())
        try add("layers-dense", sums[0])
        for (proportion, sum) in zip(Self.proportions, sums[2...]) { try add("layers-\(name(proportion))", sum) }
        try timeSteps()
    }

    private func name(_ proportion: Double) -> String { "open-\(Int((100 * proportion).rounded()))" }

    private func add(_ name: String, _ milliseconds: Double) throws {
        guard let csv else { return }
        try CSVFile(path: csv, header: "name,milliseconds,batch,rounds,kernels,revision").append([
            name, "\(milliseconds)", "\(batch)", "\(rounds)", Backend.kernels, revision(),
        ])
    }

    /// Steps of the whole net take turns.
    private func timeSteps() throws {
        let count = 4 * batch, images = MatrixSamples.random(count, of: Convnet.input)
        let order = RandomStream(seed: 1, purpose: .order).permutation(of: count)
        let all = [("dense", nil)]
            + Self.proportions.map { ("cut-\(Int(100 * $0))", Convnet.weights($0, isOpen: false)) }
            + Self.proportions.map { (name($0), Convnet.weights($0, isOpen: true)) }
        let steps = try all.map { name, weights in
            try Step("step-\(name)", weights, images: images, order: order, batch: batch)
        }
        for round in 0...rounds {
            for step in steps { step.turn(counts: round > 0) }
        }
        for step in steps {
            print(
                step.name.padding(toLength: 36, withPad: " ", startingAt: 0)
                    + String(format: "%12.2f%8.2f", step.times.median, step.times.median / steps[0].times.median))
            try add(step.name, step.times.median)
        }
    }

    /// Learned parts of the filters of an open window.
    static let proportions = [0.25, 0.1]

    /// Filters of SE kernels around some of their pixels.
    private func blurred(_ shape: ConvolutionShape, _ proportion: Double, isFirst: Bool) -> Convolution {
        let taps = RandomStream(seed: 1, purpose: .alpha)
            .sample(Int(Double(shape.taps) * proportion), below: shape.taps)
        return Convolution(
            shape, blurring: Blurring(taps: taps.sorted(), kernel: (-6...6).map { exp(-0.5 * Float($0 * $0)) }),
            capacity: batch, readsPlanes: isFirst, hasInputGradient: !isFirst)
    }

    private func random(_ rows: Int, _ columns: Int, _ stream: Int) -> Matrix<Float> {
        let matrix = Matrix<Float>(rows: rows, columns: columns)
        RandomStream(seed: 1, purpose: .initialValues, stream: stream).fillNormal(matrix.elements)
        return matrix
    }

    /// Returns the milliseconds of all that a step computes: direct, lowered, then for each proportion.
    private func time(_ shape: ConvolutionShape, _ number: Int) -> [Double] {
        let isFirst = number == 1, convolution = Convolution(shape, readsPlanes: isFirst, hasInputGradient: !isFirst)
        let lowered = LoweredConvolution(shape)
        let x = random(batch, shape.input.sampleFloats, 1), y = random(batch, shape.output.sampleFloats, 2)
        let weights = random(convolution.weightRows, convolution.weightColumns, 3)
        let own = isFirst ? random(batch, convolution.inputColumns, 5) : x
        let gradient = weights.clone(), dx = x.clone(), bias = Matrix<Float>(rows: 1, columns: weights.columns)
        let a = random(1024, 1024, 4), product = a.clone()
        let open = Self.proportions.map { blurred(shape, $0, isFirst: isFirst) }
        let ofOpen = open.map { random($0.weightRows, $0.weightColumns, 6) }, gradients = ofOpen.map { $0.clone() }
        var peak = Spread(), times = [Spread](repeating: Spread(), count: 3), others = times
        var opens = open.map { _ in times }
        for round in 0...rounds {
            let one = milliseconds { multiply(a, a, into: product) }
            let ours = [
                milliseconds { convolution.apply(own, weights: weights, bias: bias, into: y) },
                milliseconds { convolution.addWeightGradient(own, y, into: gradient) },
                isFirst ? 0 : milliseconds { convolution.inputGradient(y, weights: weights, into: dx) },
            ]
            let theirs = [
                milliseconds { lowered.apply(x, weights: weights, into: y) },
                milliseconds { lowered.addWeightGradient(x, y, into: gradient) },
                isFirst ? 0 : milliseconds { lowered.inputGradient(y, weights: weights, into: dx) },
            ]
            let shares = open.indices.map { k in
                let convolution = open[k], weights = ofOpen[k]
                return [
                    milliseconds { convolution.apply(own, weights: weights, bias: bias, into: y) },
                    milliseconds { convolution.addWeightGradient(own, y, into: gradients[k]) },
                    isFirst ? 0 : milliseconds { convolution.inputGradient(y, weights: weights, into: dx) },
                ]
            }
            guard round > 0 else { continue }
            peak.add(one)
            for i in 0..<3 {
                times[i].add(ours[i])
                others[i].add(theirs[i])
                for k in opens.indices { opens[k][i].add(shares[k][i]) }
            }
        }
        let flops = 2 * Double(batch * shape.output.count * shape.taps * shape.input.channels)
        let rate = 2 * 1024.0 * 1024 * 1024 / peak.median / 1e6
        for (i, what) in ["forward", "weights", "inputs"].enumerated() where i < 2 || !isFirst {
            let reached = flops / times[i].median / 1e6
            let name = "\(number): \(shape.maps)@\(shape.size)×\(shape.size)×\(shape.input.channels)"
            print(
                name.padding(toLength: 28, withPad: " ", startingAt: 0)
                    + what.padding(toLength: 8, withPad: " ", startingAt: 0)
                    + String(
                        format: "%12.2f%8.0f%8.2f%12.2f%8.2f", times[i].median, reached, reached / rate,
                        others[i].median, times[i].median / others[i].median)
                    + opens.map {
                        String(format: "%10.2f%7.2f", $0[i].median, $0[i].median / times[i].median)
                    }.joined())
        }
        return ([times, others] + opens).map { $0.reduce(0) { $0 + $1.median } }
    }
}

/// The usual way: every place's pixels are copied to a row of a matrix, and a product is all that is left.
final class LoweredConvolution {
    private let shape: ConvolutionShape
    /// Places × (taps · channels), of one sample.
    private let rows: Matrix<Float>

    init(_ shape: ConvolutionShape) {
        self.shape = shape
        rows = Matrix(rows: shape.output.positions, columns: shape.taps * shape.input.channels)
    }

    /// Calls `body` with the place of a pixel in the rows, and where it is in a sample; nil: in the padding.
    private func forEachPixel(_ body: (Int, Int?) -> Void) {
        let input = shape.input, output = shape.output, channels = input.channels
        for place in 0..<output.positions {
            let top = place / output.width * shape.stride - shape.padding
            let left = place % output.width * shape.stride - shape.padding
            for tap in 0..<shape.taps {
                let row = top + tap / shape.size, column = left + tap % shape.size
                let isInside = row >= 0 && row < input.height && column >= 0 && column < input.width
                body(
                    (place * shape.taps + tap) * channels,
                    isInside ? (row * input.width + column) * input.pixelFloats : nil)
            }
        }
    }

    private func lower(_ x: UnsafePointer<Float>) {
        let channels = shape.input.channels, to = rows.pointer
        forEachPixel { place, from in
            if let from {
                (to + place).update(from: x + from, count: channels)
            } else {
                (to + place).update(repeating: 0, count: channels)
            }
        }
    }

    private func maps(_ y: Matrix<Float>, _ sample: Int) -> Matrix<Float> {
        y.rows(sample..<sample + 1).reshaped(rows: shape.output.positions, columns: shape.output.pixelFloats)
    }

    func apply(_ x: Matrix<Float>, weights: Matrix<Float>, into y: Matrix<Float>) {
        for sample in 0..<x.rows {
            lower(x.pointer + sample * x.stride)
            multiply(rows, weights, into: maps(y, sample))
        }
    }

    func addWeightGradient(_ x: Matrix<Float>, _ dy: Matrix<Float>, into weights: Matrix<Float>) {
        for sample in 0..<x.rows {
            lower(x.pointer + sample * x.stride)
            multiply(rows, maps(dy, sample), transposed: .first, into: weights, beta: 1)
        }
    }

    func inputGradient(_ dy: Matrix<Float>, weights: Matrix<Float>, into dx: Matrix<Float>) {
        let channels = shape.input.channels
        dx.fill(0)
        for sample in 0..<dy.rows {
            multiply(maps(dy, sample), weights, transposed: .second, into: rows)
            let to = dx.pointer + sample * dx.stride, from = rows.pointer
            forEachPixel { place, pixel in
                guard let pixel else { return }
                for c in 0..<channels { to[pixel + c] += from[place + c] }
            }
        }
    }
}

ConvolutionTimes.main()
