import Foundation
import Runs
import Testing

@Suite struct TimeLimitTests {
    @Test func aLocalTimeIsRead() throws {
        let parts = DateComponents(year: 2026, month: 11, day: 29, hour: 14, minute: 0, second: 5)
        let expected = try #require(Calendar(identifier: .gregorian).date(from: parts))
        #expect(TimeLimit.date("2026-11-29T14:00:05") == expected)
        for text in ["", "noon", "2026-11-29", "2026-13-29T14:00:05"] { #expect(TimeLimit.date(text) == nil) }
        let end = { (text: String) in TimeLimit.end(of: "7", in: text) }
        #expect(end("JobId=7 JobName=x EndTime=2026-11-29T14:00:05 Deadline=N/A\n") == expected)
        #expect(end("JobId=7 EndTime=Unknown") == nil && end("") == nil)
        // Job 7 is one task of array 7.
        let tasks = "JobId=71 EndTime=2026-11-29T11:00:00\nJobId=7 EndTime=2026-11-29T14:00:05 Deadline=N/A"
        #expect(end(tasks) == expected)
    }
}
