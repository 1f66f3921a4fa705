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
            Direct convolution takes turns with lowered blocks, with Fourier transforms (not of the first layer, which \
            reads planes) and with predicted layers. Lowered are the pixels under every place of a filter, as a row of \
            a matrix, a sample at a time, and products of OpenBLAS. Predicted layers have an open window, so blurred \
            inputs, σ 1, and a part of the taps, or a cut one, convolved with as many atoms. Medians over the rounds, \
            the first of which is not counted. GF/s are those of the direct way and count all taps, also those that \
            see padding; the share is that of the rate of a product of 1024×1024 matrices. A layer's ratios are to \
            the faster dense one, direct or Fourier; a layer with a cut window counts as this where that is faster, as \
            the job computes it then. Last come steps of the whole net, without dropout, as the job convnet makes \
            them.
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
            "layer               what       GF/s  share"
                + (["direct", "lowered", "Fourier"] + Self.predictions.map(\.name))
                .map { $0.leftPadded(to: 9) }.joined())
        var sums = [Double](repeating: 0, count: 1 + Self.predictions.count)
        for (number, shape) in Self.layers.enumerated() {
            for (i, milliseconds) in time(shape, number + 1).enumerated() { sums[i] += milliseconds }
        }
        show("all layers", "the fastest", sums)
        try add("layers-dense", sums[0])
        for (prediction, sum) in zip(Self.predictions, sums[1...]) { try add("layers-\(prediction.name)", sum) }
        try timeSteps()
    }

    /// Prints the sum of the faster dense ways, and those of predicted layers with their ratios to it.
    private func show(_ name: String, _ what: String, _ sums: [Double]) {
        print(
            name.padding(toLength: 20, withPad: " ", startingAt: 0)
                + what.padding(toLength: 32, withPad: " ", startingAt: 0) + String(format: "%18.2f", sums[0])
                + sums[1...].map { String(format: "%9.2f", $0) }.joined())
        print(
            String(repeating: " ", count: 70)
                + sums[1...].map { String(format: "%9.2f", $0 / sums[0]) }.joined())
    }

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
            + Self.predictions.map { ($0.name, Convnet.weights($0.proportion, isOpen: $0.isOpen)) }
        let steps = try all.map { name, weights in
            try Step("step-\(name)", weights, images: images, order: order, batch: batch)
        }
        for round in 0...rounds {
            for step in steps { step.turn(counts: round > 0) }
        }
        for step in steps {
            print(
                step.name.padding(toLength: 20, withPad: " ", startingAt: 0)
                    + String(format: "%9.2f ms%9.2f", step.times.median, step.times.median / steps[0].times.median))
            try add(step.name, step.times.median)
        }
    }

    /// How filters are predicted, and the part of them that is learned.
    struct Prediction {
        let isOpen: Bool
        let proportion: Double
        var name: String { "\(isOpen ? "open" : "cut")-\(Int((100 * proportion).rounded()))" }
    }

    static let predictions = [true, false].flatMap { isOpen in
        [0.25, 0.1].map { Prediction(isOpen: isOpen, proportion: $0) }
    }

    /// A layer whose filters are predicted: SE kernels around some of their pixels, or sums of atoms. Frames are
    /// convolved as the estimate of the job has it for batches of 128.
    private func make(_ shape: ConvolutionShape, _ prediction: Prediction, isFirst: Bool) -> any ConvolutionWay {
        let learned = Int(Double(shape.taps) * prediction.proportion)
        guard prediction.isOpen else {
            return AtomConvolution(
                shape, dictionary: random(shape.taps, learned, 7), capacity: batch, readsPlanes: isFirst,
                hasInputGradient: !isFirst)
        }
        let taps = RandomStream(seed: 1, purpose: .alpha).sample(learned, below: shape.taps)
        return BlurredConvolution(
            shape, Blurring(taps: taps.sorted(), kernel: (-6...6).map { exp(-0.5 * Float($0 * $0)) }),
            capacity: batch, readsPlanes: isFirst, hasInputGradient: !isFirst,
            byFourier: !isFirst && prediction.proportion > 0.2 && shape.size > 5)
    }

    private func random(_ rows: Int, _ columns: Int, _ stream: Int) -> Matrix<Float> {
        let matrix = Matrix<Float>(rows: rows, columns: columns)
        RandomStream(seed: 1, purpose: .initialValues, stream: stream).fillNormal(matrix.elements)
        return matrix
    }

    /// Returns the milliseconds of all that a step computes: of the faster dense way, then of each prediction.
    private func time(_ shape: ConvolutionShape, _ number: Int) -> [Double] {
        let isFirst = number == 1, lowered = LoweredConvolution(shape)
        let ways: [any ConvolutionWay] =
            [Convolution(shape, readsPlanes: isFirst, hasInputGradient: !isFirst)]
            + (isFirst ? [] : [FourierConvolution(shape, capacity: batch)])
            + Self.predictions.map { make(shape, $0, isFirst: isFirst) }
        let x = random(batch, shape.input.sampleFloats, 1), y = random(batch, shape.output.sampleFloats, 2)
        let own = isFirst ? random(batch, ways[0].inputColumns, 5) : x, dx = x.clone()
        let weights = ways.map { random($0.weightRows, $0.weightColumns, 3) }, gradients = weights.map { $0.clone() }
        let bias = Matrix<Float>(rows: 1, columns: weights[0].columns)
        let a = random(1024, 1024, 4), product = a.clone()
        var peak = Spread(), others = [Spread](repeating: Spread(), count: 3), times = ways.map { _ in others }
        for round in 0...rounds {
            let one = milliseconds { multiply(a, a, into: product) }
            let theirs = [
                milliseconds { lowered.apply(x, weights: weights[0], into: y) },
                milliseconds { lowered.addWeightGradient(x, y, into: gradients[0]) },
                isFirst ? 0 : milliseconds { lowered.inputGradient(y, weights: weights[0], into: dx) },
            ]
            let ours = zip(ways, zip(weights, gradients)).map { way, matrices in
                [
                    milliseconds { way.apply(own, weights: matrices.0, bias: bias, into: y) },
                    milliseconds { way.addWeightGradient(own, y, into: matrices.1) },
                    isFirst ? 0 : milliseconds { way.inputGradient(y, weights: matrices.0, into: dx) },
                ]
            }
            guard round > 0 else { continue }
            peak.add(one)
            for i in 0..<3 {
                others[i].add(theirs[i])
                for k in ways.indices { times[k][i].add(ours[k][i]) }
            }
        }
        let flops = 2 * Double(batch * shape.output.count * shape.taps * shape.input.channels)
        let rate = 2 * 1024.0 * 1024 * 1024 / peak.median / 1e6
        let name = "\(number): \(shape.maps)@\(shape.size)×\(shape.size)×\(shape.input.channels)"
            .padding(toLength: 20, withPad: " ", startingAt: 0)
        for (i, what) in ["forward", "weights", "inputs"].enumerated() where i < 2 || !isFirst {
            let reached = flops / times[0][i].median / 1e6
            let all = [times[0], others] + times[1...]
            var columns = all.map { String(format: "%9.2f", $0[i].median) }
            if isFirst { columns.insert("-".leftPadded(to: 9), at: 2) }
            print(
                name + what.padding(toLength: 8, withPad: " ", startingAt: 0)
                    + String(format: "%7.0f%7.2f", reached, reached / rate) + columns.joined())
        }
        let sums = times.map { $0.reduce(0) { $0 + $1.median } }
        let dense = isFirst ? sums[0] : min(sums[0], sums[1])
        let predicted = zip(Self.predictions, sums.suffix(Self.predictions.count))
            .map { $0.isOpen ? $1 : min($1, dense) }
        show(name, "the fastest", [dense] + predicted)
        return [dense] + predicted
    }
}

extension String {
    func leftPadded(to length: Int) -> String { String(repeating: " ", count: max(0, length - count)) + self }
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
