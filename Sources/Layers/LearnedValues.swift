import LinearAlgebra

/// Everything that a net learns, in one flat buffer: what the optimiser steps and what the ranks exchange.
///
/// A parameter is a matrix of units × values of a unit: a layer's learned values, or its U where that is learned. So
/// the units that one rank owns are one run.
public struct LearnedValues: Sendable {
    /// The shape of a parameter: units × values of a unit.
    public typealias Shape = (name: String, units: Int, valuesPerUnit: Int)

    /// A parameter's place in the buffer.
    public struct Parameter: Equatable, Sendable {
        public let name: String
        public let units: Int
        public let valuesPerUnit: Int
        /// Where the parameter starts in the flat buffer.
        public let offset: Int
        public var count: Int { units * valuesPerUnit }
    }

    public let parameters: [Parameter]
    /// All values, one row.
    public let flat: Matrix<Float>

    /// Makes values of zero, the parameters one after another.
    public init(_ shapes: [Shape]) {
        var offset = 0
        parameters = shapes.map { shape in
            defer { offset += shape.units * shape.valuesPerUnit }
            return Parameter(name: shape.name, units: shape.units, valuesPerUnit: shape.valuesPerUnit, offset: offset)
        }
        flat = Matrix(rows: 1, columns: offset)
    }

    public var count: Int { flat.columns }

    /// Zeros of the same parameters, such as a gradient begins with.
    public var zeros: LearnedValues { LearnedValues(parameters.map { ($0.name, $0.units, $0.valuesPerUnit) }) }

    /// A parameter as a matrix of units × values of a unit, sharing the buffer.
    public func matrix(_ parameter: Int) -> Matrix<Float> {
        let place = parameters[parameter]
        return flat.columns(place.offset..<place.offset + place.count).reshaped(
            rows: place.units, columns: place.valuesPerUnit)
    }
}
