import Foundation

/// What rank 0 tells of a run while it goes on: a line at most every 10 s, or a bar on request. Where standard output
/// cannot be written, it says so once on standard error and is silent from then on: the run itself does not depend on
/// it.
public final class ProgressLog {
    public enum Style: String, CaseIterable, Sendable {
        /// A line now and then: under an MPI launcher nobody can tell whether somebody watches.
        case auto, bar, line, none
    }

    private let style: Style
    private var speaks: Bool
    private let clock = ContinuousClock()
    private var last: ContinuousClock.Instant
    private var barIsOpen = false
    /// Between two lines.
    private static let pause = Duration.seconds(10)
    private static let barPause = Duration.milliseconds(200)

    /// - Parameter speaks: true on rank 0 only.
    public init(style: Style, speaks: Bool) {
        self.style = style
        self.speaks = speaks
        last = clock.now
    }

    /// A line that is always printed.
    public func say(_ line: @autoclosure () -> String) {
        guard speaks else { return }
        endBar()
        print(line())
        flush()
        last = clock.now
    }

    /// A line on standard error: something is missing, and the run goes on.
    public func warn(_ line: String) {
        guard speaks else { return }
        endBar()
        fflush(nil)
        StandardStreams.complain("warning: \(line)")
    }

    /// Whether it is time for `step`; makes no text and no memory.
    public var isDue: Bool {
        speaks && style != .none && clock.now - last >= (style == .bar ? ProgressLog.barPause : ProgressLog.pause)
    }

    /// Says how far a phase is, if it is time to.
    public func step(_ phase: String, _ done: Int, of total: Int, _ detail: @autoclosure () -> String = "") {
        guard isDue else { return }
        last = clock.now
        let detail = detail()
        if style == .bar {
            let width = 30, filled = total > 0 ? width * done / total : width
            let bar = String(repeating: "█", count: filled) + String(repeating: "·", count: width - filled)
            print("\r\(phase) \(bar) \(done)/\(total)\(detail.isEmpty ? "" : "  " + detail)\u{1B}[K", terminator: "")
            barIsOpen = true
        } else {
            print("\(phase): \(done) of \(total)\(detail.isEmpty ? "" : ", " + detail)")
        }
        flush()
    }

    private func flush() {
        guard let reason = StandardStreams.outputFailure(afterPrinting: errno) else { return }
        warn("standard output cannot be written (\(reason)): the run goes on without a word")
        speaks = false
    }

    private func endBar() {
        if barIsOpen { print("\r\u{1B}[K", terminator: "") }
        barIsOpen = false
    }
}
