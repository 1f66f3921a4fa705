import Datasets
import Layers
import LinearAlgebra
import Networks
import TestSupport
import Testing

/// Runs whose learned values change on the way: dictionaries that are unfrozen, take turns with w, or grow.
@Suite struct StageTests {
    private func settings(_ curriculum: Curriculum = .fixed, epochs: Int = 7) -> NetworkSettings {
        var settings = NetworkTests.Problem(
            columns: 2, activation: .sigmoid, paths: [], dictionaries: [.se, .randfixu], channels: 2
        ).settings
        settings.epochs = epochs
        settings.curriculum = curriculum
        return settings
    }

    private func spans(_ stages: [TrainingStage]) -> [Range<Int>] { stages.map(\.epochs) }

    @Test func oneStageWhereNothingChanges() {
        for epochs in [7, 0] {
            let stages = settings(epochs: epochs).stages
            #expect(spans(stages) == [0..<epochs] && stages[0].proportion == nil && stages[0].learns == .both)
        }
    }

    @Test func proportionsDoubleAndEpochsAreCutEvenly() {
        let stages = settings(.grow(from: 0.1, to: 0.5)).stages
        #expect(stages.map(\.proportion) == [0.1, 0.2, 0.4, 0.5] && stages.allSatisfy { $0.learns == .both })
        #expect(spans(stages) == [0..<1, 1..<3, 3..<5, 5..<7])
    }

    @Test func unfreezingAndTurns() {
        let unfrozen = settings(.unfreeze(after: 3)).stages
        #expect(spans(unfrozen) == [0..<3, 3..<7] && unfrozen.map(\.learns) == [.values, .both])
        #expect(settings(.unfreeze(after: 0)).stages.map(\.learns) == [.both])
        let turns = settings(.alternate(every: 3)).stages
        #expect(spans(turns) == [0..<3, 3..<6, 6..<7] && turns.map(\.learns) == [.values, .dictionaries, .values])
    }

    /// In U's turn the values are U's and those of layers that are not predicted, and U's gradient is the one that it
    /// has beside w's.
    @Test func whatIsHeldHasNoGradient() throws {
        let turns = settings(.alternate(every: 1)), both = settings(.unfreeze(after: 0))
        let w = try NetworkModel(turns, stage: turns.stages[0])
        let u = try NetworkModel(turns, stage: turns.stages[1], after: w)
        let all = try NetworkModel(both, stage: both.stages[0], after: w)
        #expect(w.layers.allSatisfy { $0.shape.dictionaryParameter == nil })
        #expect(w.values.parameters.map(\.name) == ["hidden1", "hidden2", "softmax"])
        #expect(u.values.parameters.map(\.name) == ["softmax", "hidden1.U", "hidden2.U"])
        #expect(u.layers.map(\.shape.parameter) == [nil, nil, 0])
        #expect(all.values.parameters.map(\.name) == ["hidden1", "hidden2", "softmax", "hidden1.U", "hidden2.U"])
        #expect(u.shape.weightsPerUnit == [7, 0, 0])

        func gradient(_ model: NetworkModel) -> LearnedValues {
            let gradient = model.values.zeros
            let network = model.network(
                gradient: gradient, paths: [.expanded, .expanded, .expanded], capacity: 6, timer: StepTimer())
            let x = network.batch
            x.copy(from: normalMatrix(rows: 6, columns: 41, stream: 93))
            x.columns(40..<41).fill(1)
            network.expand()
            _ = network.gradient(count: 6, labels: [0, 3, 1, 1, 2, 3], scale: 1)
            return gradient
        }
        let one = gradient(u), other = gradient(all)
        for name in ["softmax", "hidden1.U", "hidden2.U"] {
            let a = one.matrix(one.parameters.firstIndex { $0.name == name }!),
                b = other.matrix(other.parameters.firstIndex { $0.name == name }!)
            #expect(a.arrays == b.arrays && a.elements.contains { $0 != 0 }, "\(name)")
        }
        // The weights are the same in all three, and U is a copy where it is learned.
        for k in 0..<3 {
            #expect(
                u.layers[k].expanded().arrays == w.layers[k].expanded().arrays
                    && all.layers[k].expanded().arrays == w.layers[k].expanded().arrays)
        }
        u.values.flat.fill(0)
        #expect(
            all.layers[0].expanded().arrays == w.layers[0].expanded().arrays
                && largest(u.layers[0].expanded().doubles) == 0)
    }

    /// More α, or more of the same random atoms: the weights stay, biases and softmax layer to the bit.
    @Test func growingKeepsTheNet() throws {
        let growing = settings(.grow(from: 0.1, to: 0.4))
        let few = try NetworkModel(growing, stage: growing.stages[0])
        for values in few.layers.map(\.values) {
            values.copy(from: normalMatrix(rows: values.rows, columns: values.columns, stream: 94))
        }
        let many = try NetworkModel(growing, stage: growing.stages[1], after: few)
        let chosen = Set(few.layers[0].weights.columns.flatMap(\.alpha))
        // The atoms of randfixu are a column's own.
        #expect(few.coverage == [Double(chosen.count) / 20] && [2, 3, 4].contains(chosen.count))
        #expect(few.layers[0].weights.valuesPerUnit == 4 && many.layers[0].weights.valuesPerUnit == 8)
        for k in 0..<2 {
            let before = few.layers[k].expanded().doubles, after = many.layers[k].expanded().doubles
            // A solution w* of more values loses at most ½√ε‖w*‖, √ε is 1e-5 of the longest atom, and w is
            // as long as w* but for what is lost, here at most 8 values a channel; then there is the rounding of U and
            // w.
            let length =
                Double(many.layers[k].weights.valuesPerUnit).squareRoot() * largest(many.layers[k].values.doubles)
            let atom = many.layers[k].weights.columns.flatMap { naiveTransposed($0.dictionary!.doubles) }.map {
                $0.reduce(0) { $0 + $1 * $1 }
            }.max()!
            let bound = (1e-5 + 16 * floatUnit) * atom.squareRoot() * length
            #expect(largestDifference(before, after) <= bound && bound < 1e-2 * largest(before), "layer \(k)")
            let last = many.layers[k].values.columns - 1, lastBefore = few.layers[k].values.columns - 1
            #expect(
                (0..<many.layers[k].weights.units).allSatisfy {
                    many.layers[k].values[$0, last] == few.layers[k].values[$0, lastBefore]
                })
        }
        #expect(many.layers[2].values.arrays == few.layers[2].values.arrays)
    }
}
