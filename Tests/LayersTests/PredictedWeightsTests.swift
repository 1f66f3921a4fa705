import Layers
import LinearAlgebra
import TestSupport
import Testing

@Suite struct PredictedWeightsTests {
    struct Shape: CustomTestStringConvertible {
        var channels: Int, columns: Int
        var testDescription: String { "\(channels) channels, \(columns) columns" }
    }
    static let shapes = [
        Shape(channels: 1, columns: 1), .init(channels: 1, columns: 4), .init(channels: 3, columns: 1),
        .init(channels: 3, columns: 4),
    ]

    @Test(arguments: shapes) func productsAgreeWithTheWholeDictionary(shape: Shape) throws {
        let layer = try smallLayer(channels: shape.channels, columns: shape.columns)
        let w = normalMatrix(rows: 8, columns: layer.valuesPerUnit, stream: 30),
            g = normalMatrix(rows: 8, columns: layer.grid.count, stream: 31)
        let full = Matrix<Float>(rows: 8, columns: layer.grid.count),
            back = Matrix<Float>(rows: 8, columns: layer.valuesPerUnit)
        layer.expand(w, into: full)
        layer.projectGradient(g, into: back)
        for (j, column) in layer.columns.enumerated() {
            let u = Bounded(wholeDictionary(layer, column: j))
            #expect(
                Bounded(w.rows(column.units).doubles).times(u.transposed).excess(of: full.rows(column.units).arrays)
                    <= 1)
            #expect(Bounded(g.rows(column.units).doubles).times(u).excess(of: back.rows(column.units).arrays) <= 1)
            #expect(layer.basis(column: j).doubles == naiveTransposed(u.value))
            let pooled = Matrix<Float>(rows: 8, columns: layer.valuesPerUnit)
            layer.pool(g, column: j, into: pooled)
            #expect(Bounded(g.doubles).times(u).excess(of: pooled.arrays) <= 1)
        }
        // <Uw, G> = <w, UᵀG>, each within the roundings of a product of at most 20 terms
        let size = zip(full.elements, g.elements).reduce(0) { $0 + abs(Double($1.0) * Double($1.1)) }
        let forward = dot(full.pointer, g.pointer, count: full.elements.count),
            backward = dot(w.pointer, back.pointer, count: w.elements.count)
        #expect(abs(forward - backward) <= 10 * floatGamma(20) * size)
    }

    /// A unit's row as it lies in a parameter, its values and then its bias: results are right, and what lies between
    /// them is left alone.
    @Test(arguments: shapes) func rowsMayBePartsOfWiderOnes(shape: Shape) throws {
        let layer = try smallLayer(channels: shape.channels, columns: shape.columns)
        let nA = layer.valuesPerUnit, nV = layer.grid.count
        let parameter = normalMatrix(rows: 8, columns: nA + 1, stream: 35), w = parameter.columns(0..<nA)
        let augmented = normalMatrix(rows: 8, columns: nV + 2, stream: 36), g = augmented.columns(0..<nV)
        let full = Matrix<Float>(rows: 8, columns: nV + 2)
        let back = Matrix<Float>(rows: 8, columns: nA + 1), pooled = Matrix<Float>(rows: 8, columns: nA + 1)
        for matrix in [full, back, pooled] { matrix.fill(7) }
        layer.expand(w, into: full.columns(0..<nV))
        layer.projectGradient(g, into: back.columns(0..<nA))
        for (j, column) in layer.columns.enumerated() {
            let u = Bounded(wholeDictionary(layer, column: j))
            let rows = column.units
            #expect(
                Bounded(w.rows(rows).doubles).times(u.transposed).excess(of: full.columns(0..<nV).rows(rows).arrays)
                    <= 1)
            #expect(Bounded(g.rows(rows).doubles).times(u).excess(of: back.columns(0..<nA).rows(rows).arrays) <= 1)
            layer.pool(g, column: j, into: pooled.columns(0..<nA))
            #expect(Bounded(g.doubles).times(u).excess(of: pooled.columns(0..<nA).arrays) <= 1)
        }
        for matrix in [full, back, pooled] { #expect(matrix.arrays.allSatisfy { $0.last == 7 }) }
    }

    @Test func channelsDoNotMix() throws {
        let layer = try smallLayer(channels: 3, columns: 1)
        let w = Matrix<Float>(rows: 8, columns: 18)
        for a in 6..<12 { w[0, a] = 1 }  // the second channel
        let full = Matrix<Float>(rows: 8, columns: 60)
        layer.expand(w, into: full)
        #expect(full.row(0)[..<20].allSatisfy { $0 == 0 } && full.row(0)[40...].allSatisfy { $0 == 0 })
        #expect(full.row(0)[20..<40].allSatisfy { $0 != 0 })
    }

    @Test func columnsThatShareAlphaAreOneColumn() throws {
        let shared = try smallLayer(channels: 1, columns: 4, sharedAlpha: true),
            one = try smallLayer(channels: 1, columns: 1)
        let w = normalMatrix(rows: 8, columns: 6, stream: 33)
        let a = Matrix<Float>(rows: 8, columns: 20), b = Matrix<Float>(rows: 8, columns: 20)
        shared.expand(w, into: a)
        one.expand(w, into: b)
        #expect(largestDifference(a.doubles, b.doubles) <= 2 * floatGamma(6) * 6 * largest(w.doubles))
        let distinct = try smallLayer(channels: 1, columns: 4)
        distinct.expand(w, into: a)
        #expect(largestDifference(a.doubles, b.doubles) > 0.1)
    }

    @Test func aDenseLayerIsTheIdentity() {
        let layer = PredictedWeights.dense(grid: TensorShape(channels: 2, height: 2, width: 2), units: 3)
        let w = normalMatrix(rows: 3, columns: 8, stream: 34)
        let full = Matrix<Float>(rows: 3, columns: 8)
        layer.expand(w, into: full)
        #expect(full.arrays == w.arrays)
        full.fill(7)
        layer.projectGradient(w, into: full)
        #expect(full.arrays == w.arrays)
        #expect(layer.basis(column: 0).arrays == (0..<8).map { r in (0..<8).map { $0 == r ? 1 : 0 } })
        #expect(layer.isDense && layer.shape.proportion == 1)
    }

    @Test func sizes() throws {
        let one = try smallLayer(channels: 3, columns: 1), four = try smallLayer(channels: 3, columns: 4)
        #expect(one.shape.learnedValues == 8 * 18 && four.shape.learnedValues == one.shape.learnedValues)
        #expect(one.shape.fullWeights == 8 * 60 && one.shape.proportion == 0.3)
    }

    @Test func learnedValuesShareOneBuffer() {
        let values = LearnedValues([("a", 2, 3), ("b", 4, 1)])
        #expect(values.count == 10 && values.parameters.map(\.offset) == [0, 6])
        values.matrix(1)[2, 0] = 5
        #expect(values.flat[0, 8] == 5)
    }
}

@Suite struct CostTests {
    private func layer(learned: Int, columns: Int = 1) throws -> PredictedWeights {
        let grid = TensorShape(channels: 1, height: 10, width: 10)
        let u = Matrix<Float>(rows: 100, columns: learned)
        return PredictedWeights(
            grid: grid,
            columns: (0..<columns).map {
                Column(units: $0 * 400 / columns..<($0 + 1) * 400 / columns, alpha: Array(0..<learned), dictionary: u)
            })
    }

    @Test func fewLearnedValuesAreCheapestReduced() throws {
        let costs = try layer(learned: 10).shape.costs(samples: 10_000)
        #expect(costs[0].path == .reduced && Set(costs.map(\.path)).count == 3)
        let cost = Dictionary(uniqueKeysWithValues: costs.map { ($0.path, $0) })
        #expect(cost[.reduced]!.estimate < cost[.expanded]!.estimate)
        #expect(cost[.reduced]!.flops == 4 * 10_000 * 10 * 400)
        #expect(cost[.pooled]!.flops == 4 * 10_000 * 10 * 400 + 2 * 10_000 * 100 * 10)
        #expect(cost[.reduced]!.streamedBytes == 4 * 10_000 * 10 && cost[.expanded]!.streamedBytes == 4 * 10_000 * 100)
    }

    @Test func columnsCostMemoryWhenReduced() throws {
        let cost = try layer(learned: 10, columns: 4).shape.costs(samples: 10_000).first { $0.path == .reduced }
        #expect(cost?.flops == 4 * 10_000 * 10 * 400 && cost?.streamedBytes == 4 * 4 * 10_000 * 10)
    }

    @Test func aDenseLayerIsOnlyExpanded() {
        let costs = PredictedWeights.dense(grid: TensorShape(channels: 1, height: 10, width: 10), units: 400).shape
            .costs(samples: 100)
        #expect(costs.map(\.path) == [.expanded] && costs[0].flops == 4 * 100 * 100 * 400)
    }
}
