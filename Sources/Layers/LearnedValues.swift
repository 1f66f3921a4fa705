import LinearAlgebra

/// Everything that a net learns, in one flat buffer: what the optimiser steps and what the ranks exchange.
///
/// A bucket is a layer's part: a matrix of units × values a unit. So the units that one rank owns are one run.
public struct LearnedValues: Sendable {
    /// One layer's place in the buffer.
    public struct Bucket: Equatable, Sendable {
        public let name: String
        public let units: Int
        public let valuesPerUnit: Int
        /// Where the bucket starts in the flat buffer.
        public let offset: Int
        public var count: Int { units * valuesPerUnit }
    }

    public let buckets: [Bucket]
    /// All values, one row.
    public let flat: Matrix<Float>

    /// Values of zero, the buckets one after another.
    public init(_ shapes: [(name: String, units: Int, valuesPerUnit: Int)]) {
        var offset = 0
        buckets = shapes.map { shape in
            defer { offset += shape.units * shape.valuesPerUnit }
            return Bucket(name: shape.name, units: shape.units, valuesPerUnit: shape.valuesPerUnit, offset: offset)
        }
        flat = Matrix(rows: 1, columns: offset)
    }

    public var count: Int { flat.columns }

    /// Zeros of the same buckets, such as a gradient begins with.
    public var zeros: LearnedValues { LearnedValues(buckets.map { ($0.name, $0.units, $0.valuesPerUnit) }) }

    /// A bucket as a matrix of units × values a unit, sharing the buffer.
    public func matrix(_ bucket: Int) -> Matrix<Float> {
        let place = buckets[bucket]
        return flat.columns(place.offset..<place.offset + place.count).reshaped(rows: place.units, columns: place.valuesPerUnit)
    }
}
