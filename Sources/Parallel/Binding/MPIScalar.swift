internal import CMPI

/// A number type that MPI can send and reduce.
public protocol MPIScalar: BitwiseCopyable, Sendable {
    static var mpiType: MPIType { get }
}

extension Float: MPIScalar { @inlinable public static var mpiType: MPIType { .float } }
extension Double: MPIScalar { @inlinable public static var mpiType: MPIType { .double } }
extension Int32: MPIScalar { @inlinable public static var mpiType: MPIType { .int32 } }
extension Int64: MPIScalar { @inlinable public static var mpiType: MPIType { .int64 } }
/// Bits of numbers that are rounded for the wire; MPI sums none of these.
extension UInt16: MPIScalar { @inlinable public static var mpiType: MPIType { .uint16 } }
extension UInt8: MPIScalar { @inlinable public static var mpiType: MPIType { .uint8 } }

/// The MPI datatype of a scalar.
public enum MPIType: Sendable {
    case float, double, int32, int64, uint16, uint8

    var size: Int {
        switch self {
        case .double, .int64: 8
        case .float, .int32: 4
        case .uint16: 2
        case .uint8: 1
        }
    }

    var datatype: cmpi_datatype {
        switch self {
        case .float: cmpi_float()
        case .double: cmpi_double()
        case .int32: cmpi_int32()
        case .int64: cmpi_int64()
        case .uint16: cmpi_uint16()
        case .uint8: cmpi_uint8()
        }
    }
}
