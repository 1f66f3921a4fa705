import Foundation
import Synchronization

/// Where files are mapped, for the signal of a look at bytes that a file no longer has.
///
/// The handler reads a table of fixed size without a lock, since a signal may come at any time; of more files than it
/// has places for, the signal ends the process as it would without it.
enum MappedRanges {
    private static let places = 256
    /// Made before the handler is set: the handler must not allocate.
    private nonisolated(unsafe) static var table: UnsafeMutablePointer<Entry>!
    /// The addresses of a mapped file, and the beginning of the line that is said of it.
    private typealias Entry = (first: UInt, end: UInt, path: UnsafeMutablePointer<CChar>?)
    private static let taken = Mutex<Set<Int>>([])

    /// Notes a range, and watches for the signal from the first one on.
    ///
    /// - Parameter path: the file that is mapped there.
    /// - Returns: its place; nil where the table is full.
    static func add(_ range: Range<UInt>, path: String) -> Int? {
        taken.withLock { taken in
            if table == nil { watch() }
            guard let place = (0..<places).first(where: { !taken.contains($0) }) else { return nil }
            taken.insert(place)
            table[place] = (range.lowerBound, range.upperBound, strdup(path))
            return place
        }
    }

    static func remove(_ place: Int?) {
        guard let place else { return }
        taken.withLock { taken in
            taken.remove(place)
            let path = table[place].path
            table[place] = (0, 0, nil)
            free(path)
        }
    }

    // int sigaction(int signum, const struct sigaction *act, struct sigaction *oldact)
    private static func watch() {
        table = .allocate(capacity: places)
        table.initialize(repeating: (0, 0, nil), count: places)
        var action = sigaction()
        action.sa_flags = SA_SIGINFO
        action.__sigaction_handler.sa_sigaction = { _, information, _ in
            let address = UInt(bitPattern: information?.pointee._sifields._sigfault.si_addr)
            var path: UnsafeMutablePointer<CChar>?
            for place in 0..<MappedRanges.places {
                let entry = MappedRanges.table[place]
                if entry.first <= address && address < entry.end { path = entry.path }
            }
            guard let path else {
                // Somebody else's memory: the next try ends the process as usual.
                signal(SIGBUS, SIG_DFL)
                return
            }
            let line: StaticString =
                ": it became shorter or unreadable while it was used: start again when nobody changes it\n"
            _ = write(2, path, strlen(path))
            _ = write(2, line.utf8Start, line.utf8CodeUnitCount)
            _exit(65)
        }
        sigaction(SIGBUS, &action, nil)
    }
}
