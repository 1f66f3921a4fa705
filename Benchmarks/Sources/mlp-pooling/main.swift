import ArgumentParser
import BenchmarkSupport
import Datasets
import Foundation
import Layers
import LinearAlgebra
import Networks
import Runs

struct MLPPooling: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mlp-pooling",
        abstract:
            "Times XU of random images of 28×28 pixels with SE dictionaries, directly and by way of blurred images, "
                + "one thread.",
        discussion: """
            Both take turns; a line has the medians over the rounds, their ratio, what the estimates make of it, and \
            whether the job mlp would blur for 60,000 images. The first round is not counted.
            """,
        version: RunRecord.colonnade)

    @Option(help: "Images: the 1000 of a chunk as it is pooled, or those of a step.")
    var images = 1000
    @Option(help: "Rounds.")
    var rounds = 31

    func validate() throws {
        try checkPositive((images, "--images"), (rounds, "--rounds"))
    }

    func run() throws {
        Backend.setThreads(1)
        let x = MatrixSamples.random(images).rows.columns(0..<784)
        print("\(images) images, one thread, \(Backend.kernels) kernels, \(rounds) rounds; ms")
        print("columns     α  form    direct  separable   ratio  estimated  chosen")
        for columns in [1, 10] {
            for learned in [20.0 / 784, 0.1, 0.5] {
                for raw in [false, true] { try time(x, columns: columns, learned: learned, raw: raw) }
            }
        }
    }

    private func time(_ x: Matrix<Float>, columns: Int, learned: Double, raw: Bool) throws {
        let settings = NetworkSettings(learned: learned, columns: columns, form: raw ? .raw : nil, batch: 100)
        let layer = try NetworkModel(settings).layers[0], weights = layer.weights
        guard let dictionary = layer.dictionary as? SquaredExponential else { return }
        let separable = try SeparablePooling(dictionary, of: weights)
        let pooled = Matrix<Float>(rows: images, columns: columns * (weights.valuesPerUnit + 1))
        var times = (direct: Spread(), separable: Spread())
        for round in 0...rounds {
            let direct = milliseconds { weights.poolAll(x, into: pooled) }
            let blurred = milliseconds { separable.poolAll(x, into: pooled) }
            if round == 0 { continue }
            times.direct.add(direct)
            times.separable.add(blurred)
        }
        let estimates = SeparablePooling.estimates(dictionary, of: weights.shape, samples: 60_000)
        print(
            String(
                format: "%7d%6d  \(raw ? "raw  " : "ridge")%9.3f%11.3f%8.3f%11.3f  ", columns, weights.valuesPerUnit,
                times.direct.median, times.separable.median, times.separable.median / times.direct.median,
                estimates.separable / estimates.direct)
                + (SeparablePooling.pays(dictionary, of: weights.shape, samples: 60_000) ? "separable" : "direct"))
    }
}

MLPPooling.main()
