import Layers
import LinearAlgebra
import RICA
import TestSupport
import Testing

@Suite struct RICAObjectiveTests {
    /// A small problem with patches that are far from white, where the two norms differ.
    struct Problem: CustomTestStringConvertible {
        var channels: Int, columns: Int  // 0 columns: dense
        var norm: RICANorm
        var count = 150
        var testDescription: String { "\(channels) channels, \(columns) columns, \(norm) norm, \(count) patches" }

        static let all = [1, 3].flatMap { channels in
            [0, 1, 4].flatMap { columns in
                RICANorm.allCases.map { Problem(channels: channels, columns: columns, norm: $0) }
            }
        }

        var grid: TensorShape { TensorShape(channels: channels, height: 4, width: 4) }
        var paths: [ComputePath] { columns == 0 ? [.expanded] : ComputePath.allCases }

        func weights() throws -> PredictedWeights {
            guard columns > 0 else { return .dense(grid: grid, units: 8) }
            let dictionary = SquaredExponential(grid: grid, sigma: 1, form: .ridge(0.1))
            return PredictedWeights(
                grid: grid,
                columns: try (0..<columns).map { j in
                    let stream = ColumnStream(seed: 1, layer: 0, column: j)
                    let alpha = stream.sampleAtoms(6, of: dictionary.grid.positions),
                        u = try dictionary.matrix(alpha: alpha, stream: stream)
                    return Column(units: j * 8 / columns..<(j + 1) * 8 / columns, alpha: alpha, dictionary: u)
                })
        }

        var patches: Matrix<Float> {
            let x = normalMatrix(rows: count, columns: grid.count, stream: 40, factor: 0.2)
            for r in 0..<count {
                for c in 0..<grid.count where c % 3 > 0 { x[r, c] = 0.4 * x[r, c] + 0.8 * x[r, c - 1] }
            }
            return x
        }

        func values(_ weights: PredictedWeights) -> Matrix<Float> {
            normalMatrix(rows: 8, columns: weights.valuesPerUnit, stream: 41, factor: 0.5)
        }

        func naive(_ weights: PredictedWeights) -> NaiveRICA {
            NaiveRICA(
                columns: weights.columns.map { column in
                    var whole = [[Double]](
                        repeating: [Double](repeating: 0, count: weights.valuesPerUnit), count: grid.count)
                    for i in 0..<grid.count {
                        for a in 0..<column.alpha.count {
                            whole[i][i / 16 * column.alpha.count + a] =
                                column.dictionary.map { Double($0[i % 16, a]) } ?? (i % 16 == a ? 1 : 0)
                        }
                    }
                    return (column.units, whole)
                },
                patches: patches.doubles, lambda: 0.05, epsilon: Double(RICAObjective.defaultEpsilon),
                variance: norm == .variance)
        }

        func objective(_ weights: PredictedWeights, _ path: ComputePath, part: Range<Int>? = nil) -> RICAObjective {
            RICAObjective(
                weights: weights, patches: patches.rows(part ?? 0..<count).clone(), totalPatches: count,
                outerProducts: Matrix(naive(weights).outerProducts), norm: norm, sparsity: 0.05, path: path)
        }
    }

    private func evaluate(
        _ objective: RICAObjective, at values: Matrix<Float>
    ) -> (value: Double, gradient: Matrix<Float>) {
        let gradient = Matrix<Float>(rows: values.rows, columns: values.columns)
        gradient.fill(.nan)  // what was in it must not count
        let samples = objective.samplesPart(0, at: values, gradient: gradient)
        return (samples + objective.complete(at: values, owned: 0..<values.rows, gradient: gradient), gradient)
    }

    @Test(arguments: Problem.all) func theNaiveGradientIsTheSlope(problem: Problem) throws {
        var small = problem
        small.count = 20
        let weights = try small.weights()
        let naive = small.naive(weights)
        let w = small.values(weights).doubles
        let slope = finiteDifferences(at: w, step: 1e-6) { naive.evaluate($0).value }
        let gradient = naive.evaluate(w).gradient
        // The step's square times a third derivative of at most 1/ε ≈ 1e5 on the scale of the gradient.
        #expect(largestDifference(gradient, slope) < 1e-6 * max(largest(gradient), 1))
        #expect(largest(gradient) > 1e-3)
    }

    /// The fast value and gradient lie within the bound that running error analysis gives for the fast path's own chain
    /// of roundings (`NaiveRICA.bounded`); in Double that chain is the textbook's objective.
    @Test(arguments: Problem.all + [Problem(channels: 3, columns: 4, norm: .variance, count: 5000)])
    func theFastObjectiveIsTheTextbooks(problem: Problem) throws {
        let weights = try problem.weights()
        let w = problem.values(weights), naive = problem.naive(weights)
        let expected = naive.evaluate(w.doubles)
        for path in problem.paths {
            let bound = naive.bounded(w.doubles, expanded: path == .expanded)
            #expect(abs(bound.value - expected.value) < 1e-12 * max(expected.value, 1))
            #expect(
                largestDifference(bound.gradient.value, expected.gradient) < 1e-11 * max(largest(expected.gradient), 1))
            let fast = evaluate(problem.objective(weights, path), at: w)
            #expect(abs(fast.value - bound.value) <= bound.error, "\(path)")
            #expect(bound.gradient.excess(of: fast.gradient.arrays) <= 1, "\(path)")
            // A bound that lets anything pass would prove nothing.
            #expect(
                bound.error < 0.01 * expected.value && largest(bound.gradient.error) < 0.1 * largest(expected.gradient))
        }
    }

    @Test(arguments: Problem.all.filter { $0.columns > 0 }) func pathsAgree(problem: Problem) throws {
        let weights = try problem.weights()
        let w = problem.values(weights)
        let results = problem.paths.map { evaluate(problem.objective(weights, $0), at: w) }
        let naive = problem.naive(weights)
        let first = naive.bounded(w.doubles, expanded: true), other = naive.bounded(w.doubles, expanded: false)
        for result in results[1...] {
            #expect(abs(result.value - results[0].value) <= first.error + other.error)
            #expect(
                largestDifference(result.gradient.doubles, results[0].gradient.doubles) <= largest(first.gradient.error)
                    + largest(other.gradient.error))
        }
    }

    /// Two ranks' parts, each completed by its owner, are the whole.
    @Test(arguments: ComputePath.allCases) func partsAddUp(path: ComputePath) throws {
        let problem = Problem(channels: 3, columns: 4, norm: .variance)
        let weights = try problem.weights()
        let w = problem.values(weights)
        let whole = evaluate(problem.objective(weights, path), at: w)
        let objectives = [0..<70, 70..<150].map { problem.objective(weights, path, part: $0) }
        let parts = objectives.map { objective in
            let gradient = Matrix<Float>(rows: 8, columns: weights.valuesPerUnit)
            return (objective.samplesPart(0, at: w, gradient: gradient), gradient)
        }
        let sum = Matrix<Float>(rows: 8, columns: weights.valuesPerUnit)
        for i in 0..<sum.elements.count { sum.elements[i] = parts[0].1.elements[i] + parts[1].1.elements[i] }
        let terms = zip(objectives, [0..<3, 3..<8]).map { $0.complete(at: w, owned: $1, gradient: sum.rows($1)) }
        #expect(terms[0] == terms[1])
        let bound = problem.naive(weights).bounded(w.doubles, expanded: path == .expanded)
        #expect(abs(parts[0].0 + parts[1].0 + terms[0] - whole.value) <= 2 * bound.error)
        #expect(largestDifference(sum.doubles, whole.gradient.doubles) <= 2 * largest(bound.gradient.error))
    }

    @Test(arguments: RICANorm.allCases) func rowsAreNormalised(norm: RICANorm) throws {
        let problem = Problem(channels: 3, columns: 4, norm: norm)
        let weights = try problem.weights()
        let w = problem.values(weights), objective = problem.objective(weights, .reduced)
        let rows = Matrix<Float>(rows: 8, columns: 48)
        weights.expand(objective.normalisedValues(at: w), into: rows)
        let outer = problem.naive(weights).outerProducts
        for row in rows.doubles {
            let metric = norm == .unit ? [row] : naiveProduct([row], outer).map { $0.map { $0 * 48 / 150 } }
            #expect(abs(naiveProduct(metric, naiveTransposed([row]))[0][0] - 1) < 1e-4)
        }
    }

    /// The length of a row does not count, so no gradient points along it.
    @Test(arguments: RICANorm.allCases) func theScaleOfARowDoesNotCount(norm: RICANorm) throws {
        let problem = Problem(channels: 1, columns: 1, norm: norm)
        let weights = try problem.weights()
        let w = problem.values(weights), objective = problem.objective(weights, .reduced)
        let value = evaluate(objective, at: w).value
        for i in 0..<w.columns { w[2, i] *= 4 }  // exact in Float
        let scaled = evaluate(objective, at: w)
        #expect(abs(scaled.value - value) < 1e-12)
        let row = w.row(2).baseAddress!, g = scaled.gradient.row(2).baseAddress!
        let size = (dot(row, row, count: w.columns) * dot(g, g, count: w.columns)).squareRoot()
        #expect(abs(dot(row, g, count: w.columns)) < 1e-4 * size)
    }
}
