import Foundation
import Layers
import LinearAlgebra
import TestSupport
import Testing

extension Activation {
    func naive(_ x: Double) -> Double {
        switch self {
        case .sigmoid: 1 / (1 + exp(-x))
        case .relu: max(0, x)
        case .tanh: Foundation.tanh(x)
        }
    }
}

@Suite struct ActivationTests {
    @Test(arguments: Activation.allCases)
    func forwardAgreesWithTheNaiveFunction(activation: Activation) {
        let x = normalMatrix(rows: 4, columns: 30, stream: 70, factor: 3)
        let before = x.doubles
        activation.apply(inPlace: x)
        // The documented bound: 2e-7 or 4 units in the last place.
        #expect(largestDifference(x.doubles, before.map { $0.map(activation.naive) }) <= 4 * 0x1p-24)
    }

    /// L = Σ c·dropout(g(x)), with rate 0 for none: back by two calls, against the slope of the naive L in Double.
    @Test(arguments: Activation.allCases, [0, 0.5, 0.3] as [Float])
    func theGradientIsTheSlope(activation: Activation, rate: Float) {
        let stream = RandomStream(seed: 1, purpose: .dropout)
        let x = normalMatrix(rows: 5, columns: 21, stream: 71, factor: 2)
        // Nothing within a step of the rectifier's corner.
        for i in x.elements.indices where abs(x.elements[i]) < 1e-3 { x.elements[i] = 1e-3 }
        let c = normalMatrix(rows: 5, columns: 20, stream: 72)
        let mask = Matrix<Float>(rows: 5, columns: 20)
        mask.fill(1)
        dropout(inPlace: mask, rate: rate, stream: stream, firstIndex: 3)

        let outputs = x.clone().columns(0..<20), gradient = c.clone()
        activation.apply(inPlace: outputs)
        dropout(inPlace: outputs, rate: rate, stream: stream, firstIndex: 3)
        dropout(inPlace: gradient, rate: rate, stream: stream, firstIndex: 3)
        activation.multiply(gradient, byDerivativeAt: outputs, dropoutRate: rate)

        let weights = zip(c.doubles, mask.doubles).map { zip($0, $1).map { $0 * $1 } }
        let slope = finiteDifferences(at: x.columns(0..<20).doubles, step: 1e-5) { x in
            zip(x, weights).reduce(0) { sum, row in
                sum + zip(row.0, row.1).reduce(0) { $0 + activation.naive($1.0) * $1.1 }
            }
        }
        // An output off by 4·2⁻²⁴ and by the two roundings of a scale put in and taken out changes a slope by at
        // most twice that; four more roundings; the differences are off by h²/6 times a third derivative of at most 2,
        // and by 1e-14/h.
        for r in 0..<5 {
            for k in 0..<20 {
                let bound = abs(weights[r][k]) * (2 * 6 * floatUnit + floatGamma(4)) + 1e-9 * (1 + abs(weights[r][k]))
                #expect(abs(Double(gradient[r, k]) - slope[r][k]) <= bound)
            }
        }
    }

    @Test func namesAreThoseOfTheOption() {
        #expect(Activation.allCases.map(\.rawValue) == ["sigmoid", "relu", "tanh"])
    }
}
