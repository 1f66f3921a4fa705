import Datasets
import Layers
import LinearAlgebra
import TestSupport
import Testing
import Training

/// Runs whose learned values change on the way: dictionaries that are unfrozen, take turns with w, or grow.
@Suite struct StageTests {
    private let shape = ImageShape(channels: 2, height: 4, width: 5)

    private func settings(_ change: (inout MLPSettings) -> Void = { _ in }) -> MLPSettings {
        var settings = MLPNetworkTests.Problem(
            columns: 2, activation: .sigmoid, paths: [], dictionaries: [.se, .randfixu], channels: 2
        ).settings
        settings.epochs = 7
        change(&settings)
        return settings
    }

    private func spans(_ stages: [TrainingStage]) -> [Range<Int>] { stages.map(\.epochs) }

    @Test func oneStageWhereNothingChanges() {
        for epochs in [7, 0] {
            let stages = settings { $0.epochs = epochs }.stages
            #expect(spans(stages) == [0..<epochs] && stages[0].proportion == 0.3 && stages[0].learns == .both)
        }
    }

    @Test func proportionsDoubleAndEpochsAreCutEvenly() {
        let stages = settings { $0.growth = 0.1; $0.learned = 0.5 }.stages
        #expect(stages.map(\.proportion) == [0.1, 0.2, 0.4, 0.5] && stages.allSatisfy { $0.learns == .both })
        #expect(spans(stages) == [0..<1, 1..<3, 3..<5, 5..<7])
    }

    @Test func unfreezingAndTurns() {
        let unfrozen = settings { $0.unfreezeAfter = 3 }.stages
        #expect(spans(unfrozen) == [0..<3, 3..<7] && unfrozen.map(\.learns) == [.values, .both])
        #expect(settings { $0.unfreezeAfter = 0 }.stages.map(\.learns) == [.both])
        let turns = settings { $0.alternate = 3 }.stages
        #expect(spans(turns) == [0..<3, 3..<6, 6..<7] && turns.map(\.learns) == [.values, .dictionaries, .values])
    }

    /// In U's turn the values are U's and those of layers that are not predicted, and U's gradient is the one that it has beside w's.
    @Test func whatIsHeldHasNoGradient() throws {
        let turns = settings { $0.alternate = 1 }
        let w = try MLPModel(settings: turns, shape: shape, classes: 4, stage: turns.stages[0])
        let u = try MLPModel(settings: turns, shape: shape, classes: 4, stage: turns.stages[1], after: w)
        let both = settings { $0.unfreezeAfter = 0 }
        let all = try MLPModel(settings: both, shape: shape, classes: 4, stage: both.stages[0], after: w)
        #expect(w.learnedDictionaries == [nil, nil, nil] && w.values.buckets.map(\.name) == ["hidden1", "hidden2", "softmax"])
        #expect(u.values.buckets.map(\.name) == ["softmax", "hidden1.U", "hidden2.U"] && u.buckets == [nil, nil, 0])
        #expect(all.values.buckets.map(\.name) == ["hidden1", "hidden2", "softmax", "hidden1.U", "hidden2.U"])
        #expect(u.weightsPerUnit == [7, 0, 0])

        func gradient(_ model: MLPModel) -> LearnedValues {
            let gradient = model.values.zeros
            let network = model.network(gradient: gradient, paths: [.expanded, .expanded, .expanded], capacity: 6)
            let x = network.batch
            x.copy(from: normalMatrix(rows: 6, columns: 41, stream: 93))
            x.columns(40..<41).fill(1)
            network.rebuild()
            _ = network.gradient(count: 6, labels: [0, 3, 1, 1, 2, 3], scale: 1)
            return gradient
        }
        let one = gradient(u), other = gradient(all)
        for name in ["softmax", "hidden1.U", "hidden2.U"] {
            let a = one.matrix(one.buckets.firstIndex { $0.name == name }!), b = other.matrix(other.buckets.firstIndex { $0.name == name }!)
            #expect(a.arrays == b.arrays && a.elements.contains { $0 != 0 }, "\(name)")
        }
        // The weights are the same in all three, and U is a copy where it is learned.
        for k in 0..<3 { #expect(u.expanded(k).arrays == w.expanded(k).arrays && all.expanded(k).arrays == w.expanded(k).arrays) }
        u.values.flat.fill(0)
        #expect(all.expanded(0).arrays == w.expanded(0).arrays && largest(u.expanded(0).doubles) == 0)
    }

    /// More α, or more of the same random atoms: the weights stay, biases and softmax layer to the bit.
    @Test func growingKeepsTheNet() throws {
        let growing = settings { $0.growth = 0.1; $0.learned = 0.4 }
        let few = try MLPModel(settings: growing, shape: shape, classes: 4, stage: growing.stages[0])
        for values in few.layerValues { values.copy(from: normalMatrix(rows: values.rows, columns: values.columns, stream: 94)) }
        let many = try MLPModel(settings: growing, shape: shape, classes: 4, stage: growing.stages[1], after: few)
        let chosen = Set(few.weights[0].columns.flatMap(\.alpha))
        // The atoms of randfixu are a column's own.
        #expect(few.coverage == [Double(chosen.count) / 20] && [2, 3, 4].contains(chosen.count))
        #expect(few.weights[0].valuesPerUnit == 4 && many.weights[0].valuesPerUnit == 8)
        for k in 0..<2 {
            let before = few.expanded(k).doubles, after = many.expanded(k).doubles
            // Of a solution w* of more values at most ½√ε‖w*‖ is lost, √ε is 1e-5 of the longest atom, and w is as long as w* but for
            // what is lost, here at most 8 values a channel; then there is the rounding of U and w.
            let length = Double(many.weights[k].valuesPerUnit).squareRoot() * largest(many.layerValues[k].doubles)
            let atom = many.weights[k].columns.flatMap { naiveTransposed($0.dictionary!.doubles) }.map { $0.reduce(0) { $0 + $1 * $1 } }.max()!
            let bound = (1e-5 + 16 * floatUnit) * atom.squareRoot() * length
            #expect(largestDifference(before, after) <= bound && bound < 1e-2 * largest(before), "layer \(k)")
            let last = many.layerValues[k].columns - 1, lastBefore = few.layerValues[k].columns - 1
            #expect((0..<many.weights[k].units).allSatisfy { many.layerValues[k][$0, last] == few.layerValues[k][$0, lastBefore] })
        }
        #expect(many.layerValues[2].arrays == few.layerValues[2].arrays)
    }
}
