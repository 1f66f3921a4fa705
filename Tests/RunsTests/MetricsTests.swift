import Foundation
import Runs
import Testing

@Suite struct MetricsTests {
    @Test func theHeaderNamesTheColumnsThatJobsShare() {
        let columns = Metrics(capacity: 0).table.trimmingCharacters(in: .newlines).split(separator: ",")
        #expect(
            columns == [
                "step", "epoch", "evaluations", "objective", "error", "seconds", "compute", "expand",
                "project_gradient", "exchange", "bytes",
            ])
    }
}
