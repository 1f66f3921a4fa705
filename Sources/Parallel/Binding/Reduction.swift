internal import CMPI

/// How values of several ranks become one. The order of a sum is the MPI library's choice.
public enum Reduction: Sendable {
    case sum, max, min

    var operation: cmpi_op {
        switch self {
        case .sum: cmpi_sum()
        case .max: cmpi_max()
        case .min: cmpi_min()
        }
    }
}
