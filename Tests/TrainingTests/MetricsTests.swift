import Foundation
import Testing
import Training

@Suite struct MetricsTests {
    @Test func theHeaderNamesTheColumnsThatJobsShare() {
        let columns = Metrics(capacity: 0).table.trimmingCharacters(in: .newlines).split(separator: ",")
        #expect(
            columns == [
                "step", "epoch", "evaluations", "objective", "error", "seconds", "compute", "expand",
                "project_gradient", "exchange", "bytes",
            ])
    }

    @Test func aRowHasACellForEveryColumn() {
        var metrics = Metrics(capacity: 1)
        metrics.append(
            Metrics.Row(
                step: 40, epoch: 1, evaluations: nil, objective: 0.5, error: 0.25, seconds: 2, compute: 0.004,
                expand: 0.001, projectGradient: 0.002, exchange: 0.003, bytes: 96))
        let line = metrics.table.split(separator: "\n").last
        #expect(line == "40,1,,0.5,0.25,2.0000,0.004000,0.001000,0.002000,0.003000,96")
    }
}
