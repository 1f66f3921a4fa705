import Foundation

/// The objective on the training images against time, from a run's metrics.csv.
public struct TrainingCurve: Sendable {
    /// Since the start of training.
    public let seconds: [Double]
    /// The mean loss of a sample, or a patch.
    public let objective: [Double]

    /// - Returns: nil where the run left no metrics.csv.
    /// - Throws: `DataError` where the table is damaged, naming file and line.
    public static func read(_ folder: String) throws -> TrainingCurve? {
        let path = "\(folder)/metrics.csv"
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        let table = CSVTable(FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? "")
        guard let time = table.columns.firstIndex(of: "seconds"), let value = table.columns.firstIndex(of: "objective") else {
            throw FinishedRun.damaged(path, "a table with columns 'seconds' and 'objective'", "other text")
        }
        var seconds: [Double] = [], objective: [Double] = []
        for (number, cells) in table.lines {
            guard cells.count == table.columns.count, let s = Double(cells[time]), let o = Double(cells[value]), s.isFinite, o.isFinite
            else {
                throw FinishedRun.damaged(path, "numbers of seconds and objective in line \(number)", cells.joined(separator: ","))
            }
            seconds.append(s)
            objective.append(o)
        }
        return TrainingCurve(seconds: seconds, objective: objective)
    }
}
