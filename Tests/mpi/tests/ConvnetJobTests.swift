import Datasets
import Foundation
import LinearAlgebra
import Storage
import TestSupport
import Testing

/// The job `convnet` on the sample images.
@Suite(.serialized, .enabled(if: MPIRun.enabled, "mpirun is not in PATH"))
struct ConvnetJobTests {
    let folder: RunFolder
    /// Small, with all that a net may have: two orders of values, predicted and dense layers, overlapping pools.
    static let layers =
        "conv 8 5 pad 2; pool 3 stride 2; relu; conv 12 4 stride 2 dense; relu; full 30 columns 3; relu; dropout 0.2"
    static let options = ["--dataset", "sample", "--progress", "none", "--layers", layers]

    init() throws { folder = try RunFolder() }

    @Test func itLearnsAndSaysWhat() async throws {
        let outcome = try await folder.start("run", job: "convnet", Self.options + ["--epochs", "4"])
        #expect(outcome.code == 0, "\(outcome)")
        for line in [
            "layers     a convolution of 8 maps with filters of 5×5, stride 1, padding 2: 1×28×28 → 8×28×28",
            "a pool of 3×3, stride 2: 8×28×28 → 8×13×13", "a fully connected layer of 10: 1×1×30 → 1×1×10",
        ] {
            #expect(outcome.output.contains(line), "\(outcome)")
        }
        let objectives = try folder.objectives("run"), result = try folder.result("run")
        #expect(objectives.count == 4 && objectives.last! < 0.6 * objectives.first!, "\(objectives)")
        // Ten classes of as many images.
        #expect(try #require(result.accuracy) > 0.6)
        // int(25·0.25) atoms of conv1, all weights of conv2, int(25·0.25) in 12 channels of hidden1.
        #expect(result.dynamicParameters == 8 * 6 + 30 * 6 * 12)
        #expect(result.learnedParameters == 8 * 7 + 12 * (16 * 8 + 1) + 30 * (6 * 12 + 1) + 10 * 31)
    }

    /// Filters as other readers know them: maps × (channels, rows, columns). Learned values are those of a channel
    /// beside each other.
    @Test func expandedFiltersAreExported() async throws {
        let path = "\(folder.path)/expanded.safetensors"
        try await folder.succeed(
            "run", job: "convnet",
            [
                "--dataset", "sample", "--progress", "none", "--layers", "conv 8 5; relu; conv 12 4 stride 2; relu",
                "--epochs", "1", "--export-expanded", path,
            ])
        let file = try Safetensors(path: path), model = try Safetensors(path: "\(folder.path)/run/model.safetensors")
        for (name, maps, channels, taps, atoms) in [("conv1", 8, 1, 25, 6), ("conv2", 12, 8, 16, 4)] {
            #expect(file.tensors["\(name).weight"]?.shape == [maps, channels * taps])
            let full: [Float] = try file.values("\(name).weight"), w: [Float] = try model.values("\(name).w")
            let u: [Float] = try model.values("\(name).U.0")
            for unit in 0..<maps {
                for channel in 0..<channels {
                    for tap in 0..<taps {
                        let products = (0..<atoms).map {
                            Double(u[tap * atoms + $0]) * Double(w[(unit * channels + channel) * atoms + $0])
                        }
                        let weight = Double(full[(unit * channels + channel) * taps + tap])
                        // A sum of so many products, rounded in any order.
                        let bound = Double(atoms) * 0x1p-23 * products.reduce(0) { $0 + abs($1) }
                        #expect(abs(products.reduce(0, +) - weight) <= bound)
                    }
                }
            }
        }
    }

    /// The losses to rounding, as those of mlp (1e-8 was seen with seeds 1 to 3), and with `--reduction fixed` the same
    /// model to the bit.
    @Test func ranksShareTheWork() async throws {
        let options = Self.options + ["--epochs", "2"]
        try await folder.succeed("alone", job: "convnet", options)
        let alone = try folder.objectives("alone")
        for ranks in 2...4 {
            try await folder.succeed("\(ranks)", job: "convnet", ranks: ranks, options)
            for (a, b) in zip(alone, try folder.objectives("\(ranks)")) {
                #expect(abs(a - b) <= 1e-5 * a, "on \(ranks) ranks \(b), alone \(a)")
            }
        }
        try await folder.succeed("full", job: "convnet", ranks: 3, options + ["--exchange", "full"])
        for (a, b) in zip(alone, try folder.objectives("full")) { #expect(abs(a - b) <= 1e-5 * a) }
        let fixed = options + ["--reduction", "fixed"]
        try await folder.succeed("fixed", job: "convnet", fixed)
        try await folder.succeed("fixed 3", job: "convnet", ranks: 3, fixed)
        #expect(try folder.file("fixed/model.safetensors") == folder.file("fixed 3/model.safetensors"))
    }

    /// Filters that go on beyond their window, at their taps and expanded, are the same model: losses to rounding, at a
    /// rate that is low enough for training not to enlarge it. Fourier transforms, which the expanded ones take, round
    /// by the size of a plane, not of a value (1.1e-6 was seen, 4e-8 without them).
    @Test(arguments: ["1", "2"]) func anOpenWindowIsComputedAtItsTaps(columns: String) async throws {
        let options = [
            "--dataset", "sample", "--progress", "none", "--layers", "conv 8 5 pad 2; pool 2; relu; conv 6 3; relu",
            "--window", "open", "--epochs", "2", "--learning-rate", "0.003", "--columns", columns,
        ]
        let outcome = try await folder.start("pooled", job: "convnet", ranks: 2, options)
        #expect(outcome.code == 0 && outcome.output.contains("conv1 pooled of pooled"), "\(outcome)")
        #expect(outcome.output.contains("conv2 pooled of pooled"), "\(outcome)")
        let pooled = try folder.objectives("pooled")
        for (name, ranks, more) in [("expanded", 1, ["--compute", "expanded"]), ("full", 3, ["--exchange", "full"])] {
            let other = try await folder.start(name, job: "convnet", ranks: ranks, options + more)
            #expect(other.code == 0 && other.output.contains("conv1 expanded of"), "\(other)")
            let objectives = try folder.objectives(name)
            #expect(objectives.count == 2 && pooled.count == 2)
            for (a, b) in zip(pooled, objectives) { #expect(abs(a - b) <= 1e-5 * a, "pooled \(a), \(name) \(b)") }
        }
        try await folder.succeed("cut", job: "convnet", options + ["--window", "cut"])
        #expect(try folder.objectives("cut") != pooled)
        let model = try Safetensors(path: "\(folder.path)/pooled/model.safetensors")
        // 5 + 2·6 pixels each way, int(25·0.25) of the inner ones.
        #expect(model.tensors["conv1.U.0"]?.shape == [17 * 17, 6] && model.tensors["conv1.w"]?.shape == [8, 6])
        let alpha: [Int32] = try model.values("conv1.alpha")
        #expect(alpha.allSatisfy { 6..<11 ~= $0 / 17 && 6..<11 ~= $0 % 17 })
        let learned = 8 * 6 + 6 * 2 * 8, dense = 8 * 25 + 6 * 9 * 8, result = try folder.result("pooled")
        #expect(result.proportion == Double(learned) / Double(dense))
        let fixed = options + ["--reduction", "fixed"]
        try await folder.succeed("fixed", job: "convnet", fixed)
        try await folder.succeed("fixed 3", job: "convnet", ranks: 3, fixed)
        #expect(try folder.file("fixed/model.safetensors") == folder.file("fixed 3/model.safetensors"))
    }

    /// Filters that are cut, convolved with their atoms and expanded, are the same model, to rounding as above; on any
    /// number of ranks the same bits.
    @Test(arguments: [["--dictionary", "se"], ["--dictionary", "dct", "--columns", "2"], ["--dictionary", "emp"]])
    func atomsAreConvolvedOnce(options: [String]) async throws {
        let options = options + [
            "--dataset", "sample", "--progress", "none", "--layers",
            "conv 8 5 pad 2 stride 2; relu; conv 40 6 pad 2; pool 2; relu", "--epochs", "1", "--learning-rate", "0.003",
            "--training-images", "1000",
        ]
        var losses: [Double] = []
        for path in ["pooled", "expanded"] {
            let outcome = try await folder.start(
                path, job: "convnet", ranks: 2, options + ["--compute", path, "--exchange", "dynamic"])
            #expect(outcome.code == 0 && outcome.output.contains("conv2 \(path) of"), "\(outcome)")
            losses += try folder.objectives(path)
        }
        #expect(losses.count == 2 && abs(losses[0] - losses[1]) <= 1e-5 * losses[0], "\(losses)")
        let fixed = options + ["--compute", "pooled", "--reduction", "fixed"]
        try await folder.succeed("fixed", job: "convnet", fixed)
        try await folder.succeed("fixed 3", job: "convnet", ranks: 3, fixed)
        #expect(try folder.file("fixed/model.safetensors") == folder.file("fixed 3/model.safetensors"))
    }

    /// Dictionaries of what filters see: of the first layer's, principal components are checked against the images'
    /// windows in Double.
    @Test func dictionariesFromData() async throws {
        let layers = "conv 8 5 pad 2 stride 2; relu; conv 6 3; relu; full 20; relu"
        let options = [
            "--dataset", "sample", "--progress", "none", "--layers", layers, "--epochs", "3", "--reduction", "fixed",
            "--learning-rate", "0.01",
        ]
        for name in ["pca", "emp", "kmeans"] {
            let more = options + ["--dictionary", name]
            try await folder.succeed(name, job: "convnet", more)
            try await folder.succeed("\(name) 3", job: "convnet", ranks: 3, more)
            #expect(try folder.file("\(name)/model.safetensors") == folder.file("\(name) 3/model.safetensors"))
            // Centres of images, which have a mean, are nearly one direction: little is learned with them.
            if name != "kmeans" { #expect(try #require(folder.result(name).accuracy) > 0.5) }
        }
        let data = try Dataset.open("sample"), images = data.train.images
        var bytes = [UInt8](repeating: 0, count: images.count * 784)
        try bytes.withUnsafeMutableBufferPointer { try images.read(0..<images.count, into: $0) }
        let draws = RandomStream(seed: 1, purpose: .dictionary, stream: 0xFFFE)
        let windows = (0..<images.count).map { image in
            // Filters of 5×5 with a stride of 2 and 2 rows of zeros around: 14×14 places.
            let place = draws.integer(below: 196, at: image), top = place / 14 * 2 - 2, left = place % 14 * 2 - 2
            return (0..<25).map { tap -> Double in
                let (y, x) = (top + tap / 5, left + tap % 5)
                return 0..<28 ~= y && 0..<28 ~= x ? Double(bytes[image * 784 + y * 28 + x]) / 255 : 0
            }
        }
        let count = Double(windows.count)
        let mean = (0..<25).map { (i: Int) -> Double in windows.reduce(0.0) { $0 + $1[i] } / count }
        func covariance(_ i: Int, _ j: Int) -> Double {
            windows.reduce(0.0) { $0 + ($1[i] - mean[i]) * ($1[j] - mean[j]) } / (count - 1)
        }
        let rows = (0..<25).map { i in (0..<25).map { covariance(i, $0) } }
        let u: [Float] = try Safetensors(path: "\(folder.path)/pca/model.safetensors").values("conv1.U.0")
        var last = Double.infinity, first = 0.0
        for atom in 0..<6 {
            let vector = (0..<25).map { Double(u[$0 * 6 + atom]) }
            let image = rows.map { row in zip(row, vector).reduce(0.0) { $0 + $1.0 * $1.1 } }
            let value = zip(image, vector).reduce(0.0) { $0 + $1.0 * $1.1 }
            #expect(value < last && value > 0)
            last = value
            first = max(first, value)
            // Sums of 1000 products in Float, whose errors have random sign: 1e-5 of the largest eigenvalue.
            for (a, b) in zip(image, vector) { #expect(abs(a - value * b) < 1e-5 * first) }
        }
        // The kernel of emp is that covariance: U(K_α + λ) = K, with its ridge of 0.001.
        let emp = try Safetensors(path: "\(folder.path)/emp/model.safetensors")
        let alpha = try emp.values("conv1.alpha").map { (a: Int32) in Int(a) }
        let kernel: [Float] = try emp.values("conv1.U.0")
        for i in 0..<25 {
            for a in 0..<6 {
                let terms = (0..<6).map { b in
                    Double(kernel[i * 6 + b]) * (rows[alpha[b]][alpha[a]] + (a == b ? 0.001 : 0))
                }
                let bound = 1e-5 * (first + terms.reduce(0) { $0 + abs($1) })
                #expect(abs(terms.reduce(0, +) - rows[i][alpha[a]]) < bound)
            }
        }
    }

    /// Channels with α of their own, and one dictionary of all channels, on any number of ranks; models that training
    /// starts from again.
    @Test(arguments: ["untied", "across"]) func channelsDoNotShareAlpha(channels: String) async throws {
        try writeSmallSTL10(to: folder.path, train: 40, test: 30, unlabelled: 5)
        let options = [
            "--dataset", "stl10", "--data", folder.path, "--progress", "none", "--layers",
            "conv 6 3 stride 4; pool 3; relu; conv 4 3 learned 0.5; relu; full 9", "--reduction", "fixed", "--batch",
            "20", "--alpha-channels", channels, "--dictionary", channels == "across" ? "pca" : "emp", "--epochs",
        ]
        try await folder.succeed("one", job: "convnet", options + ["2"])
        try await folder.succeed("three", job: "convnet", ranks: 3, options + ["2"])
        #expect(try folder.file("one/model.safetensors") == folder.file("three/model.safetensors"))
        try await folder.succeed(
            "again", job: "convnet", options + ["0", "--init", "\(folder.path)/one/model.safetensors"])
        #expect(try folder.file("one/predictions.csv") == folder.file("again/predictions.csv"))
        // Images of one channel, and others to make U of.
        let gray = [
            "--dataset", "sample", "--progress", "none", "--layers", "conv 6 5; pool 4; relu", "--alpha-channels",
            channels, "--dictionary", channels == "across" ? "pca" : "emp", "--training-images",
        ]
        try await folder.succeed("gray", job: "convnet", gray + ["600", "--epochs", "1"])
        let start = ["500", "--epochs", "0", "--init", "\(folder.path)/gray/model.safetensors"]
        try await folder.succeed("gray again", job: "convnet", ranks: 2, gray + start)
        #expect(try folder.file("gray/predictions.csv") == folder.file("gray again/predictions.csv"))

        // int(27·0.25) of all, int(9·0.25) of each of three channels; then int(54·0.5), int(9·0.5) of each of six.
        let model = try Safetensors(path: "\(folder.path)/one/model.safetensors")
        let first = 6, second = channels == "across" ? 27 : 24
        #expect(model.tensors["conv1.w"]?.shape == [6, first] && model.tensors["conv2.w"]?.shape == [4, second])
        #expect(model.tensors["conv1.U.0"]?.shape == [27, first])
        #expect(model.tensors["conv2.U.0"]?.shape == [54, second])
        let alpha = try model.values("conv2.alpha").map { (a: Int32) in Int(a) }
        let u: [Float] = try model.values("conv2.U.0")
        guard channels == "across" else {
            for channel in 0..<6 { #expect(alpha.filter { $0 / 9 == channel }.count == 4) }
            for row in 0..<54 {
                for a in 0..<24 where row / 9 != alpha[a] / 9 { #expect(u[row * 24 + a] == 0) }
            }
            return
        }
        // The components of windows of all three channels.
        let images = try Dataset.open("stl10", data: folder.path).train.images
        var bytes = [UInt8](repeating: 0, count: 40 * 27648)
        try bytes.withUnsafeMutableBufferPointer { try images.read(0..<40, into: $0) }
        let draws = RandomStream(seed: 1, purpose: .dictionary, stream: 0xFFFE)
        let windows = (0..<40).map { image in
            let place = draws.integer(below: 576, at: image), top = place / 24 * 4, left = place % 24 * 4
            return (0..<27).map { i -> Double in
                let (channel, row, column) = (i / 9, top + i % 9 / 3, left + i % 3)
                let place = image * 27648 + channel * 9216 + row * 96 + column
                return Double(bytes[place]) / 255
            }
        }
        let mean = (0..<27).map { (i: Int) -> Double in windows.reduce(0.0) { $0 + $1[i] } / 40 }
        func covariance(_ i: Int, _ j: Int) -> Double {
            windows.reduce(0.0) { $0 + ($1[i] - mean[i]) * ($1[j] - mean[j]) } / 39
        }
        let rows = (0..<27).map { i in (0..<27).map { covariance(i, $0) } }
        let components: [Float] = try model.values("conv1.U.0")
        var largest = 0.0
        for atom in 0..<6 {
            let vector = (0..<27).map { Double(components[$0 * 6 + atom]) }
            let image = rows.map { row in zip(row, vector).reduce(0.0) { $0 + $1.0 * $1.1 } }
            let value = zip(image, vector).reduce(0.0) { $0 + $1.0 * $1.1 }
            largest = max(largest, value)
            // As above: sums in Float.
            for (a, b) in zip(image, vector) { #expect(abs(a - value * b) < 1e-5 * largest) }
        }
    }

    /// A fully connected layer that does not come first has its inputs from the layers before it.
    @Test func aPoolBeforeAPredictedLayer() async throws {
        try await folder.succeed(
            "run", job: "convnet",
            ["--dataset", "sample", "--progress", "none", "--epochs", "2", "--layers", "pool 2; full 30; relu"])
        #expect(try #require(folder.result("run").accuracy) > 0.6)
    }

    /// Images are changed by what was seen before, not by the rank that sees them; those of the test stay.
    @Test func imagesAreFlippedAndShifted() async throws {
        let options = [
            "--dataset", "sample", "--progress", "none", "--layers", "conv 6 5; pool 2; relu", "--epochs", "2",
            "--reduction", "fixed",
        ]
        try await folder.succeed("plain", job: "convnet", options)
        for (name, more) in [("flip", ["--flip"]), ("shift", ["--shift", "2"])] {
            try await folder.succeed(name, job: "convnet", options + more)
            try await folder.succeed("\(name) 3", job: "convnet", ranks: 3, options + more)
            let model = try folder.file("\(name)/model.safetensors")
            #expect(try model == folder.file("\(name) 3/model.safetensors"))
            #expect(try folder.objectives(name) != folder.objectives("plain"))
            #expect(try #require(folder.result(name).accuracy) > 0.5)
        }
        // Nothing is learned at this rate: what is scaled and what is tested are images as they are.
        for (name, more) in [("still", []), ("moved", ["--flip", "--shift", "5"])] {
            try await folder.succeed(
                name, job: "convnet", options + ["--epochs", "1", "--learning-rate", "1e-30"] + more)
        }
        #expect(try folder.file("still/predictions.csv") == folder.file("moved/predictions.csv"))
    }

    @Test func memoryIsThatOfTheBanner() async throws {
        let ratio = try await folder.peakOverBanner(
            job: "convnet", ["--dataset", "sample", "--progress", "none", "--batch", "400", "--epochs", "1"])
        #expect(ratio <= 1.3 && ratio >= 0.5, "\(ratio)")
    }

    @Test(arguments: [
        (["--layers", "conv 8"], "--layers: 'conv 8': expected a filter's rows"),
        (["--layers", "pool 29"], "a pool of 29×29, stride 29: expected windows that fit"),
        (["--layers", "pool 2; conv 3 20"], "found an input of 1×14×14"),
        (["--layers", "conv 3 5 dictionary ae"], "expected a dictionary other than ae, whose autoencoder"),
        (["--dictionary", "se,dct"], "--dictionary: expected one name"),
        (["--dictionary", "none"], "--dictionary: expected one of se"), (["--compute", "reduced"], "--compute"),
        (["--window", "open", "--compute", "reduced"], "--compute: expected auto, expanded, or pooled"),
        (["--compute", "pooled", "--alpha-channels", "untied"], "whose channels are tied"),
        (["--compute", "pooled", "--dictionary", "lowrank"], "whose U is not learned"),
        (["--window", "open", "--exchange", "full", "--compute", "pooled"], "an exchange of learned values"),
        (["--layers", "full 9 dense", "--basis", "orthonormal"], "--basis has no meaning"),
        (["--shift", "-1"], "--shift"), (["--shift", "28"], "--shift: expected fewer pixels than the 28 of"),
        (["--window", "open", "--dense"], "--window has no meaning"), (["--window", "ajar"], "--window"),
        (["--window", "open", "--dictionary", "dct"], "with an open window, found dct and 1.0"),
        (["--window", "open", "--sigma", "auto"], "--window open: expected a --sigma in pixels, found auto"),
        (["--window", "open", "--sigma", "16.1"], "a sigma of at most 16 pixels with an open window"),
        (["--layers", "full 9", "--window", "open"], "--window has no meaning"),
        (["--alpha-channels", "each"], "--alpha-channels"),
        (["--alpha-channels", "untied", "--dictionary", "pca"], "a dictionary that α are sampled of for untied"),
        (["--alpha-channels", "across"], "a dictionary that needs no grid for one across channels, found se"),
        (["--alpha-channels", "untied", "--window", "open"], "expected tied channels with an open window"),
        (["--layers", "conv 8 5 channels no"], "expected tied, untied or across as channels"),
        (["--layers", "conv 8 5 dense", "--alpha-channels", "untied"], "--alpha-channels and --dictionary have no"),
        (["--dictionary", "dense"], "--dictionary: expected one of se"),
        (
            ["--layers", "conv 8 5 dense", "--learned", "0.5"],
            "--learned, --columns, --alpha, --alpha-channels and --dictionary have no"
        ),
        (["--layers", "relu; conv 8 5"], "relu: expected a layer with outputs of its own as the first"),
        (["--layers", "conv 8 5 dense; relu; full 9 dictionary ae"], "expected sigmoid units before the dictionary ae"),
        (["--dictionary", "dct", "--sigma", "2"], "--sigma"), (["--validate-every", "3"], "--validate-every"),
    ])
    func wrongOptions(more: [String], said: String) async throws {
        let outcome = try await folder.start("run", job: "convnet", ["--progress", "none"] + more)
        #expect(outcome.code == 64 && outcome.error.contains(said), "\(outcome)")
        #expect(throws: (any Error).self, "nothing is left") { try folder.file("run/run.json") }
    }
}
