import DataParallel
import Foundation
import Layers
import LinearAlgebra
import Storage

/// The weights in a file that training starts from: those of a model of these jobs, or the dense weights of any
/// program, named as PyTorch names those of Linear and Conv2d.
///
/// Dense weights are `NAME.weight`, units × inputs or maps × channels × height × width, and `NAME.bias` where there
/// is one. Layers with the names that are wanted are taken by name; others by shape, and of several with one shape in
/// the order of their names, numbers in them as numbers.
public struct InitialWeights: Sendable {
    /// A layer that takes weights.
    public struct Wanted: Sendable {
        public let name: String
        public let units: Int
        /// What a unit has weights for.
        public let grid: TensorShape
        /// Whether a smaller filter stands in the middle of the grid.
        public let isConvolution: Bool

        public init(name: String, units: Int, grid: TensorShape, isConvolution: Bool) {
            self.name = name
            self.units = units
            self.grid = grid
            self.isConvolution = isConvolution
        }
    }

    /// A layer of the file.
    public struct Layer: Sendable {
        public let weights: PredictedWeights
        /// w, units × n_α; of a dense layer W.
        public let values: Matrix<Float>
        public let biases: [Float]
        /// What a unit has weights for, which may be larger on all sides than that of `weights`.
        public let grid: TensorShape

        /// - Parameter grid: nil: that of the weights.
        public init(
            weights: PredictedWeights, values: Matrix<Float>, biases: [Float] = [], grid: TensorShape? = nil
        ) {
            self.weights = weights
            self.values = values
            self.biases = biases
            self.grid = grid ?? weights.grid
        }

        /// Gives a layer the w that predicts these weights best, exactly that of the file where U is the same, and
        /// returns a line that says how far they are from it.
        ///
        /// - Parameters:
        ///   - values: w of the layer, units × n_α.
        ///   - name: of the layer.
        ///   - path: of the file.
        /// - Throws: `TrainingError` where no w can be found, `DataError` where weights overflow.
        public func start(
            of layer: PredictedWeights, into values: Matrix<Float>, named name: String, in path: String
        ) throws -> String {
            let source = grid.count > weights.grid.count
                ? "\(path), \(weights.grid.height)×\(weights.grid.width) pixels in the middle of a filter" : path
            func check(_ matrix: Matrix<Float>) throws {
                guard (0..<matrix.rows).allSatisfy({ matrix.row($0).allSatisfy(\.isFinite) }) else {
                    throw DataError(
                        path, expected: "weights of \(name) of finite numbers",
                        found: "a product U·w that is none; give another file")
                }
            }
            let wanted = expanded()
            try check(wanted)
            if layer.isDense || isPredicted(as: layer) {
                values.copy(from: layer.isDense ? wanted : self.values)
                return "\(name) starts from \(source)"
            }
            do { try layer.fit(wanted, into: values) } catch {
                throw TrainingError(
                    "--init: \(name): expected values that predict its weights, found \(error); give another "
                        + "--dictionary or --learned")
            }
            let found = Matrix<Float>(rows: wanted.rows, columns: wanted.columns)
            layer.expand(values, into: found)
            try check(found)
            var difference = 0.0, length = 0.0
            for row in 0..<wanted.rows {
                for (x, y) in zip(found.row(row), wanted.row(row)) {
                    difference += Double(x - y) * Double(x - y)
                    length += Double(y) * Double(y)
                }
            }
            let part = length == 0 ? 0 : (difference / length).squareRoot()
            return "\(name) starts from \(source), as nearly as its dictionary predicts it: "
                + String(format: "%.1f", 100 * part) + " % of ‖W‖ away"
        }

        /// Whether another layer has the same U, bit for bit.
        private func isPredicted(as layer: PredictedWeights) -> Bool {
            // The grids of one channel, and of all in one U, differ in their names alone.
            weights.units == layer.units && weights.grid.count == layer.grid.count
                && weights.columns.count == layer.columns.count
                && zip(weights.columns, layer.columns).allSatisfy { a, b in
                    guard a.units == b.units, let u = a.dictionary, let v = b.dictionary, u.rows == v.rows,
                        u.columns == v.columns
                    else { return false }
                    return (0..<u.rows).allSatisfy { u.row($0).elementsEqual(v.row($0)) }
                }
        }

        /// W on the layer's grid, with zeros around where that is larger.
        public func expanded() -> Matrix<Float> {
            let own = Matrix<Float>(rows: weights.units, columns: weights.grid.count)
            weights.expand(values, into: own)
            guard grid.count != weights.grid.count else { return own }
            let small = weights.grid, around = (grid.height - small.height) / 2
            let all = Matrix<Float>(rows: weights.units, columns: grid.count)
            for line in 0..<small.channels * small.height {
                let row = line / small.height * grid.height + line % small.height + around
                all.columns(row * grid.width + around..<row * grid.width + around + small.width)
                    .copy(from: own.columns(line * small.width..<(line + 1) * small.width))
            }
            return all
        }
    }

    /// Where a wanted layer is in the file.
    private struct Place: Sendable {
        let name: String
        let wanted: Wanted
        let grid: TensorShape
    }

    public let path: String
    private let file: Safetensors
    private let isModel: Bool
    private let places: [Place]

    /// Finds the layers in a file, and compares their shapes.
    ///
    /// - Throws: `DataError`.
    public init(path: String, for wanted: [Wanted]) throws {
        let file = try InitialWeights.open(path)
        let isModel = file.metadata["format"]?.hasPrefix("colonnade ") ?? false
        let ending = isModel ? ".w" : ".weight"
        let names = file.tensors.keys.filter { $0.hasSuffix(ending) }.map { String($0.dropLast(ending.count)) }
            .sorted {
                let order = $0.compare($1, options: .numeric)
                return order == .orderedSame ? $0 < $1 : order == .orderedAscending
            }
        let isNamed = Set(names) == Set(wanted.map(\.name))
        guard isNamed || !isModel && names.count == wanted.count else {
            let job = isModel ? file.metadata["format"]!.split(separator: " ").dropFirst().first : nil
            throw DataError(
                path,
                expected: "weights to start from (--init) of \(wanted.count) layers, "
                    + wanted.map(\.name).joined(separator: ", "),
                found: (names.isEmpty ? "none" : names.joined(separator: ", ").escaped)
                    + (job.map { " in a model of the job \($0.escaped)" } ?? "")
                    + "; give a file with these layers, or make the net like the file's")
        }
        var left = names, places: [Place] = []
        for layer in wanted {
            let candidates = isNamed ? [layer.name] : left
            guard let place = candidates.lazy.compactMap({ name in
                InitialWeights.grid(of: name, in: file, isModel: isModel, for: layer)
                    .map { Place(name: name, wanted: layer, grid: $0) }
            }).first else {
                let shapes = candidates.map { "\($0) \(file.tensors[$0 + ending]!.shape)" }
                throw DataError(
                    path,
                    expected: "weights of \(layer.name), \(layer.units) units with \(layer.grid) inputs each",
                    found: shapes.joined(separator: ", ").escaped
                        + "; make the layer like the file's, or give another file")
            }
            left.removeAll { $0 == place.name }
            places.append(place)
        }
        self.path = path
        self.file = file
        self.isModel = isModel
        self.places = places
    }

    /// Opens a file with weights.
    ///
    /// - Throws: `DataError`.
    public static func open(_ path: String) throws -> Safetensors {
        guard try fileStatus(path) != nil else {
            throw DataError(path, expected: "weights to start from (--init)", found: "no such file; give another")
        }
        return try Safetensors(path: path)
    }

    /// The name of a file, and a number of its content.
    ///
    /// - Throws: `DataError` where the file cannot be read.
    public static func identity(of path: String) throws -> String {
        let file = try open(path)
        let sums = try file.tensors.keys.sorted().map { "\($0) \(try file.tensorChecksum($0))" }
        let all = checksum(Data("\(file.headerChecksum ?? 0) \(sums)".utf8))
        return "\((path as NSString).lastPathComponent) \(String(all, radix: 16))"
    }

    /// The settings that a model of these jobs was learned with, as text; nil: it is of another program.
    public var settings: String? { isModel ? file.metadata["settings"] : nil }

    /// The grid of weights in a file that fit a layer; nil: they do not.
    private static func grid(
        of name: String, in file: Safetensors, isModel: Bool, for layer: Wanted
    ) -> TensorShape? {
        guard let shape = file.tensors[name + (isModel ? ".w" : ".weight")]?.shape, shape.count == 2
            || !isModel && shape.count == 4, shape[0] == layer.units
        else { return nil }
        let grid = layer.grid
        guard grid.channels > 0, shape.count == 2 || shape[1] == grid.channels && shape[2] == shape[3]
        else { return nil }
        var positions = shape.dropFirst().reduce(1, *) / grid.channels
        if let alpha = file.tensors["\(name).alpha"]?.shape, isModel {
            guard alpha.count == 2, (1...max(1, layer.units)).contains(alpha[0]),
                let first = file.tensors["\(name).U.0"]?.shape.first,
                file.tensors["\(name).columns"]?.shape == [alpha[0] + 1]
            else { return nil }
            positions = first
            // All channels in one U.
            let isLine = first == grid.count && shape[1] == alpha[1]
            guard isLine || shape[1] == alpha[1] * grid.channels else { return nil }
            for j in 0..<alpha[0] where file.tensors["\(name).U.\(j)"]?.shape != [positions, alpha[1]] { return nil }
            if isLine { return grid.channels == 1 ? grid : TensorShape(units: grid.count) }
        } else if shape.dropFirst().reduce(1, *) != positions * grid.channels {
            return nil
        }
        if positions == grid.positions, shape.count == 2 || grid.height == shape[2] { return grid }
        let side = Int(Double(positions).squareRoot())
        guard layer.isConvolution, side > 0, side * side == positions, side <= grid.height,
            (grid.height - side) % 2 == 0
        else { return nil }
        return TensorShape(channels: grid.channels, height: side, width: side)
    }

    /// What a unit of a layer has weights for, as its U has them.
    public func grid(ofLayer k: Int) -> TensorShape { places[k].grid }

    /// The most values of a layer in the file: w, U and biases.
    public var largestLayer: Int {
        places.map { place in
            file.tensors.filter { $0.key.hasPrefix("\(place.name).") }.reduce(0) { $0 + $1.value.byteCount / 4 }
        }.max() ?? 0
    }

    /// The α of every column of a layer; nil: the layer is dense.
    ///
    /// - Throws: `DataError`.
    public func alphas(ofLayer k: Int) throws -> [[Int]]? {
        let name = places[k].name
        guard isModel, let shape = file.tensors["\(name).alpha"]?.shape else { return nil }
        let all: [Int32] = try file.values("\(name).alpha")
        return (0..<shape[0]).map { all[$0 * shape[1]..<($0 + 1) * shape[1]].map(Int.init) }
    }

    /// Reads a layer.
    ///
    /// - Throws: `DataError`.
    public func layer(_ k: Int) throws -> Layer {
        let place = places[k], name = place.name, units = place.wanted.units
        var biases = [Float](repeating: 0, count: units)
        if file.tensors["\(name).bias"] != nil { biases = try file.values("\(name).bias", shape: [units]) }
        guard let alphas = try alphas(ofLayer: k) else {
            let values: [Float] = try file.values(name + (isModel ? ".w" : ".weight"))
            let all = Matrix<Float>(rows: units, columns: place.grid.count)
            for (i, value) in values.enumerated() { all.pointer[i] = value }
            return Layer(
                weights: .dense(grid: place.grid, units: units), values: all, biases: biases, grid: place.wanted.grid)
        }
        let bounds = try file.values("\(name).columns", as: Int32.self).map(Int.init)
        guard bounds.first == 0, bounds.last == units, zip(bounds, bounds.dropFirst()).allSatisfy(<=) else {
            throw DataError(
                path, expected: "\(name).columns that cut \(units) units in order",
                found: "\(bounds)".escaped + "; give another file")
        }
        let columns = try alphas.enumerated().map { j, alpha in
            Column(
                units: bounds[j]..<bounds[j + 1], alpha: alpha, dictionary: try file.matrix("\(name).U.\(j)"))
        }
        return Layer(
            weights: PredictedWeights(grid: place.grid, columns: columns), values: try file.matrix("\(name).w"),
            biases: biases, grid: place.wanted.grid)
    }
}
