import Foundation
import Runs
import Scaling
import Storage

/// The objective on the training images against time, from a run's metrics.csv.
public struct TrainingCurve: Sendable {
    /// Since the start of training.
    public let seconds: [Double]
    /// The mean loss of a sample, or a patch.
    public let objective: [Double]

    /// The largest table that is read: a million iterations have room in it, the most that a run makes.
    private static let mostBytes = 256 << 20

    /// - Parameter files: the checksums in the run's result.json.
    /// - Returns: nil where the run left no metrics.csv.
    /// - Throws: `DataError` where the table is damaged, naming file and line, or is not that of the run.
    public static func read(_ folder: String, files: [String: UInt32]? = nil) throws -> TrainingCurve? {
        let path = "\(folder)/metrics.csv"
        let expected = "the metrics of a run"
        guard let data = try FinishedRun.read(path, expecting: expected, atMost: mostBytes) else { return nil }
        if let sum = files?["metrics.csv"], sum != checksum(data) {
            throw FinishedRun.damaged(path, "the metrics that the run wrote", "others")
        }
        let table = CSVTable(String(decoding: data, as: UTF8.self))
        guard let time = table.columns.firstIndex(of: "seconds"), let value = table.columns.firstIndex(of: "objective")
        else {
            throw FinishedRun.damaged(path, "a table with columns 'seconds' and 'objective'", "other text")
        }
        var seconds: [Double] = [], objective: [Double] = []
        for line in table.lines {
            guard line.count == table.columns.count else {
                let expected = "\(table.columns.count) values in line \(line.number)"
                throw FinishedRun.damaged(path, expected, "'\(line.quoted)'")
            }
            let cells = line.cells
            guard let s = Double(cells[time]), (0...1e9).contains(s), let o = Double(cells[value]), abs(o) <= 1e100
            else {
                throw FinishedRun.damaged(
                    path, "seconds up to 1e9 and an objective up to 1e100 in line \(line.number)", "'\(line.quoted)'")
            }
            seconds.append(s)
            objective.append(o)
        }
        return TrainingCurve(seconds: seconds, objective: objective)
    }
}
