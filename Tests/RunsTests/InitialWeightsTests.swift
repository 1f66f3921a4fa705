import Layers
import LinearAlgebra
import Runs
import Storage
import TestFiles
import TestSupport
import Testing

/// Weights that training starts from, in files of these jobs and of others.
@Suite struct InitialWeightsTests {
    private let first = InitialWeights.Wanted(
        name: "conv1", units: 4, grid: TensorShape(channels: 2, height: 3, width: 3), isConvolution: true)
    private let second = InitialWeights.Wanted(
        name: "hidden1", units: 3, grid: TensorShape(channels: 1, height: 1, width: 5), isConvolution: false)
    private let third = InitialWeights.Wanted(
        name: "softmax", units: 3, grid: TensorShape(channels: 1, height: 1, width: 5), isConvolution: false)

    private func read(_ file: Safetensors, _ wanted: [InitialWeights.Wanted]) throws -> [InitialWeights.Layer] {
        var layers: [InitialWeights.Layer] = []
        try withFolder { folder in
            try file.write(to: folder + "/x.safetensors")
            let weights = try InitialWeights(path: folder + "/x.safetensors", for: wanted)
            layers = try wanted.indices.map(weights.layer)
        }
        return layers
    }

    /// PyTorch numbers the layers of a Sequential: 2 comes before 10.
    @Test func denseWeightsOfPyTorchAreTakenByShape() throws {
        var file = Safetensors()
        let filters = (0..<72).map(Float.init), two = (0..<15).map { Float($0) + 0.5 }, ten = two.map { -$0 }
        file.set("0.weight", filters, shape: [4, 2, 3, 3])
        file.set("0.bias", [1, 2, 3, 4] as [Float])
        file.set("10.weight", ten, shape: [3, 5])
        file.set("2.weight", two, shape: [3, 5])
        let layers = try read(file, [first, second, third])
        #expect(layers[0].expanded().doubles.joined().elementsEqual(filters.map(Double.init)))
        #expect(layers[0].biases == [1, 2, 3, 4] && layers[1].biases == [0, 0, 0])
        #expect(layers[1].expanded().doubles.joined().elementsEqual(two.map(Double.init)))
        #expect(layers[2].expanded().doubles.joined().elementsEqual(ten.map(Double.init)))
    }

    @Test func theNamesOfTheLayersComeFirst() throws {
        var file = Safetensors()
        file.set("softmax.weight", [Float](repeating: 1, count: 15), shape: [3, 5])
        file.set("hidden1.weight", [Float](repeating: 2, count: 15), shape: [3, 5])
        let layers = try read(file, [third, second])
        #expect(layers[0].values[0, 0] == 1 && layers[1].values[0, 0] == 2)
    }

    /// A filter of an open window is larger than the one it is asked for.
    @Test func aSmallerFilterStandsInTheMiddle() throws {
        var file = Safetensors()
        file.set("conv1.weight", (1...72).map(Float.init), shape: [4, 18])
        let layer = try read(file, [first])[0], grid = TensorShape(channels: 2, height: 7, width: 7)
        let wanted = InitialWeights.Wanted(name: "conv1", units: 4, grid: grid, isConvolution: true)
        let found = try read(file, [wanted])[0].expanded(), own = layer.expanded()
        for unit in 0..<4 {
            for channel in 0..<2 {
                for row in 0..<7 {
                    for column in 0..<7 {
                        let isInside = 2..<5 ~= row && 2..<5 ~= column
                        let truth = isInside ? own[unit, channel * 9 + (row - 2) * 3 + column - 2] : 0
                        #expect(found[unit, channel * 49 + row * 7 + column] == truth)
                    }
                }
            }
        }
    }

    /// Channels that do not share α have their weights in one line, in the order of the grid.
    @Test func aSmallerFilterStandsInTheMiddleOfALine() throws {
        var file = Safetensors()
        file.set("conv1.weight", (1...72).map(Float.init), shape: [4, 2, 3, 3])
        let grid = TensorShape(channels: 2, height: 5, width: 5)
        let found = try read(file, [.init(name: "conv1", units: 4, grid: grid, isConvolution: true)])[0]
        let u = Matrix<Float>(rows: 50, columns: 50)
        for i in 0..<50 { u[i, i] = 1 }
        let line = PredictedWeights(
            grid: TensorShape(units: 50), columns: [Column(units: 0..<4, alpha: Array(0..<50), dictionary: u)])
        let values = Matrix<Float>(rows: 4, columns: 50)
        let said = try found.start(of: line, into: values, named: "a", in: "b")
        #expect(said.hasPrefix("a starts from b, 3×3 pixels in the middle of a filter, as nearly"), "\(said)")
        // The jitter of the least squares, 1e-10, is below what Float rounds.
        #expect(values.arrays == found.expanded().arrays)
        #expect(values[0, 6] == 1 && values[3, 25 + 18] == 72 && values[0, 0] == 0)
    }

    /// Finite values whose product is not.
    @Test func weightsThatOverflowAreRefused() throws {
        var file = Safetensors(metadata: ["format": "colonnade mlp 2"])
        file.set("hidden1.w", [Float](repeating: 1e30, count: 3), shape: [3, 1])
        file.set("hidden1.alpha", [0] as [Int32], shape: [1, 1])
        file.set("hidden1.columns", [0, 3] as [Int32])
        file.set("hidden1.U.0", [Float](repeating: 1e30, count: 5), shape: [5, 1])
        let found = try read(file, [second])[0]
        let dense = PredictedWeights.dense(grid: second.grid, units: 3), values = Matrix<Float>(rows: 3, columns: 5)
        let error = #expect(throws: DataError.self) {
            _ = try found.start(of: dense, into: values, named: "hidden1", in: "b")
        }
        #expect(error?.description.hasPrefix("b: expected weights of hidden1 of finite numbers, found") == true)
        // Where U is the same, too.
        #expect(throws: DataError.self) {
            _ = try found.start(
                of: found.weights, into: Matrix<Float>(rows: 3, columns: 1), named: "hidden1", in: "b")
        }
    }

    /// Two columns of a model of these jobs, with the same U and with another.
    @Test func aPredictedLayerKeepsItsValuesWhereItsDictionaryIsTheSame() throws {
        let grid = second.grid, w = normalMatrix(rows: 3, columns: 2, stream: 12)
        let u = [3, 4].map { normalMatrix(rows: 5, columns: 2, stream: $0) }
        var file = Safetensors(metadata: ["format": "colonnade mlp 2"])
        file.set("hidden1.w", w)
        file.set("hidden1.bias", [1, 2, 3] as [Float])
        file.set("hidden1.alpha", [0, 3, 1, 4] as [Int32], shape: [2, 2])
        file.set("hidden1.columns", [0, 2, 3] as [Int32])
        for j in 0..<2 { file.set("hidden1.U.\(j)", u[j]) }
        let found = try read(file, [second])[0]
        func layer(_ dictionaries: [Matrix<Float>]) -> PredictedWeights {
            PredictedWeights(
                grid: grid,
                columns: [
                    Column(units: 0..<2, alpha: [0, 3], dictionary: dictionaries[0]),
                    Column(units: 2..<3, alpha: [1, 4], dictionary: dictionaries[1]),
                ])
        }
        let values = Matrix<Float>(rows: 3, columns: 2)
        #expect(try found.start(of: layer(u), into: values, named: "a", in: "b") == "a starts from b")
        #expect(values.arrays == w.arrays)

        let other = layer([3, 5].map { normalMatrix(rows: 5, columns: 2, stream: $0) })
        let said = try found.start(of: other, into: values, named: "a", in: "b")
        let fitted = Matrix<Float>(rows: 3, columns: 2)
        let full = naiveProduct(w.rows(0..<2).doubles, naiveTransposed(u[0].doubles))
            + naiveProduct(w.rows(2..<3).doubles, naiveTransposed(u[1].doubles))
        try other.fit(Matrix(full.map { $0.map { Float($0) } }), into: fitted)
        // Both are the same least squares, of W rounded once.
        #expect(largestDifference(values.doubles, fitted.doubles) <= 64 * floatUnit * largest(fitted.doubles))
        let again = naiveProduct(fitted.rows(0..<2).doubles, naiveTransposed(u[0].doubles))
            + naiveProduct(fitted.rows(2..<3).doubles, naiveTransposed(other.columns[1].dictionary!.doubles))
        func norm(_ rows: Rows) -> Double { rows.joined().reduce(0) { $0 + $1 * $1 }.squareRoot() }
        let part = 100 * norm(zip(again, full).map { zip($0, $1).map { $0 - $1 } }) / norm(full)
        let told = try #require(said.firstMatch(of: /: ([0-9.]+) %/).flatMap { Double($0.1) }, "\(said)")
        #expect(part > 1 && abs(told - part) <= 0.051, "\(said), \(part)")
    }

    private func refused(
        _ wanted: [InitialWeights.Wanted], found: String, _ change: (inout Safetensors) -> Void = { _ in }
    ) throws {
        var file = Safetensors()
        file.set("conv1.weight", [Float](repeating: 1, count: 72), shape: [4, 18])
        change(&file)
        try withFolder { folder in
            try file.write(to: folder + "/x.safetensors")
            let error = #expect(throws: DataError.self) {
                _ = try InitialWeights(path: folder + "/x.safetensors", for: wanted).layer(0)
            }
            let text = error?.description ?? ""
            #expect(text.hasPrefix(folder + "/x.safetensors: expected ") && text.contains(found), "\(text)")
            #expect(!text.contains("\n"))
        }
    }

    @Test func whatDoesNotFitIsRefused() throws {
        func filters(_ shape: [Int], _ value: Float = 1) -> (inout Safetensors) -> Void {
            { $0.set("conv1.weight", [Float](repeating: value, count: shape.reduce(1, *)), shape: shape) }
        }
        try refused([first, second], found: "of 2 layers, conv1, hidden1, found conv1")
        try refused([second], found: "weights of hidden1, 3 units with 1×1×5 inputs each, found conv1 [4, 18]")
        try refused([first], found: "found conv1 [4, 2, 1, 9]", filters([4, 2, 1, 9]))
        // Not in the middle: one pixel is left over.
        try refused([first], found: "found conv1 [4, 2, 2, 2]", filters([4, 2, 2, 2]))
        try refused([first], found: "nan at position 0", filters([4, 18], .nan))
        // Names come from the file.
        try refused([second], found: #"a\n\u{1B}.weight of finite numbers"#) { file in
            file = Safetensors()
            file.set("a\n\u{1B}.weight", [Float](repeating: .infinity, count: 15), shape: [3, 5])
        }
        try refused([first], found: "[1]") { $0.set("conv1.bias", [1] as [Float]) }
        try refused([first], found: "I32") {
            $0.set("conv1.weight", [Int32](repeating: 1, count: 72), shape: [4, 18])
        }
        try refused([first], found: "found none in a model of the job rica; give") {
            $0 = Safetensors(metadata: ["format": "colonnade rica 1"])
        }
    }

    /// A model whose shapes fit, and whose columns are not those of a layer.
    @Test(arguments: [[0, 2], [1, 3], [0, -1]]) func columnsThatDoNotCoverTheUnits(ends: [Int32]) throws {
        try refused([second], found: "found \(ends)") { file in
            file = Safetensors(metadata: ["format": "colonnade mlp 2"])
            file.set("hidden1.w", Matrix<Float>(rows: 3, columns: 2))
            file.set("hidden1.bias", [0, 0, 0] as [Float])
            file.set("hidden1.alpha", [0, 1] as [Int32], shape: [1, 2])
            file.set("hidden1.columns", ends)
            file.set("hidden1.U.0", Matrix<Float>(rows: 5, columns: 2))
        }
    }

    @Test func theNumberOfAFileIsThatOfItsContent() throws {
        try withFolder { folder in
            var names: [String] = []
            for value in [1, 1, 2] as [Float] {
                var file = Safetensors()
                file.set("conv1.weight", [Float](repeating: value, count: 72), shape: [4, 18])
                try file.write(to: folder + "/x.safetensors")
                names.append(try InitialWeights.identity(of: folder + "/x.safetensors"))
            }
            #expect(names[0] == names[1] && names[0] != names[2] && names[0].hasPrefix("x.safetensors "))
            #expect(throws: DataError.self) { try InitialWeights.identity(of: folder + "/y.safetensors") }
        }
    }
}
