import Foundation
import Synchronization

/// Where files are mapped, for the signal of a look at bytes that a file no longer has.
///
/// The handler reads a table of fixed size without a lock, since a signal may come at any time; of more files than it
/// has places for, the signal ends the process as it would without it.
enum MappedRanges {
    private static let places = 256
    /// Made before the handler is set: the handler must not allocate.
    private nonisolated(unsafe) static var table: UnsafeMutablePointer<(first: UInt, end: UInt)>!
    private static let taken = Mutex<Set<Int>>([])

    /// Notes a range, and watches for the signal from the first one on.
    ///
    /// - Returns: its place; nil where the table is full.
    static func add(_ range: Range<UInt>) -> Int? {
        taken.withLock { taken in
            if table == nil { watch() }
            guard let place = (0..<places).first(where: { !taken.contains($0) }) else { return nil }
            taken.insert(place)
            table[place] = (range.lowerBound, range.upperBound)
            return place
        }
    }

    static func remove(_ place: Int?) {
        guard let place else { return }
        taken.withLock { taken in
            taken.remove(place)
            table[place] = (0, 0)
        }
    }

    // int sigaction(int signum, const struct sigaction *act, struct sigaction *oldact)
    private static func watch() {
        table = .allocate(capacity: places)
        table.initialize(repeating: (0, 0), count: places)
        var action = sigaction()
        action.sa_flags = SA_SIGINFO
        action.__sigaction_handler.sa_sigaction = { _, information, _ in
            let address = UInt(bitPattern: information?.pointee._sifields._sigfault.si_addr)
            var isMapped = false
            for place in 0..<MappedRanges.places {
                let (first, end) = MappedRanges.table[place]
                if first <= address && address < end { isMapped = true }
            }
            guard isMapped else {
                // Somebody else's memory: the next try ends the process as usual.
                signal(SIGBUS, SIG_DFL)
                return
            }
            let line: StaticString =
                "a data file became shorter or unreadable while it was used: start again when nobody changes it\n"
            _ = write(2, line.utf8Start, line.utf8CodeUnitCount)
            _exit(65)
        }
        sigaction(SIGBUS, &action, nil)
    }
}
