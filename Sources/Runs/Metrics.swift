import DataParallel
import Foundation
import Layers

/// metrics.csv: a row an L-BFGS iteration or an epoch. Rows are kept as numbers and become text when the file is
/// written, so that none is made between two evaluations.
public final class Metrics {
    public struct Row: Sendable {
        public var step: Int
        public var epoch: Int?
        public var evaluations: Int?
        public var objective: Double
        /// The part of training samples predicted wrong.
        public var error: Double?
        /// Since the start.
        public var seconds: Double
        /// Means per step of this row, in seconds; a step of L-BFGS is an evaluation. What expanding and projecting
        /// took is in `compute`, too.
        public var compute: Double
        /// W = Uw.
        public var expand: Double
        /// Uᵀ∂L/∂W.
        public var projectGradient: Double
        public var exchange: Double
        /// Bytes that rank 0 sent per step of this row, counted at the MPI calls.
        public var bytes: Double

        /// - Parameters:
        ///   - steps: the steps of this row.
        ///   - times: the times of all of them.
        ///   - bytes: that rank 0 sent in them.
        package init(
            step: Int, epoch: Int? = nil, evaluations: Int? = nil, objective: Double, error: Double? = nil,
            seconds: Double, steps: Int, times: StepTimer.Seconds, bytes: Int
        ) {
            let count = Double(steps)
            self.step = step
            self.epoch = epoch
            self.evaluations = evaluations
            self.objective = objective
            self.error = error
            self.seconds = seconds
            compute = times.compute / count
            expand = times.expand / count
            projectGradient = times.projectGradient / count
            exchange = times.exchange / count
            self.bytes = Double(bytes) / count
        }
    }

    private(set) public var rows: [Row] = []

    public init(capacity: Int) { rows.reserveCapacity(capacity) }

    public func append(_ row: Row) { rows.append(row) }

    /// The columns that every job shares; those that this one has no value for stay empty.
    public var table: String {
        var text = "step,epoch,evaluations,objective,error,seconds,compute,expand,project_gradient,exchange,bytes\n"
        for row in rows {
            let times = [row.compute, row.expand, row.projectGradient, row.exchange]
                .map { String(format: "%.6f", $0) }.joined(separator: ",")
            let epoch = row.epoch.map(String.init) ?? "", evaluations = row.evaluations.map(String.init) ?? ""
            text += "\(row.step),\(epoch),\(evaluations),\(row.objective),\(row.error.map { "\($0)" } ?? ""),"
            text += "\(String(format: "%.4f", row.seconds)),\(times),"
            text += "\(String(format: "%.0f", row.bytes))\n"
        }
        return text
    }
}

extension Metrics: Checkpointable {
    public func archive(to archive: StateArchive) throws {
        var count = rows.count
        try archive.number("rows", &count, in: 0...10_000_000)
        var numbers = archive.isRestoring ? [Double](repeating: 0, count: Row.width * count) : rows.flatMap(\.numbers)
        try archive.numbers("table", &numbers)
        if archive.isRestoring {
            rows = (0..<count).map { Row(numbers[$0 * Row.width..<($0 + 1) * Row.width]) }
        }
    }
}

extension Metrics.Row {
    fileprivate static let width = 11

    /// All of the row; what it does not have is no number.
    fileprivate var numbers: [Double] {
        [
            Double(step), epoch.map(Double.init) ?? .nan, evaluations.map(Double.init) ?? .nan, objective,
            error ?? .nan, seconds, compute, expand, projectGradient, exchange, bytes,
        ]
    }

    fileprivate init(_ numbers: ArraySlice<Double>) {
        let n = Array(numbers)
        func whole(_ number: Double) -> Int? { Int(exactly: number) }
        (step, epoch, evaluations) = (whole(n[0]) ?? 0, whole(n[1]), whole(n[2]))
        (objective, error) = (n[3], n[4].isNaN ? nil : n[4])
        (seconds, compute, expand, projectGradient, exchange, bytes) = (n[5], n[6], n[7], n[8], n[9], n[10])
    }
}
