import Glibc
import Synchronization

/// The signals that ask a job to stop: SIGTERM, SIGINT and SIGUSR1.
enum StopSignals {
    private static let all = [SIGTERM, SIGINT, SIGUSR1]
    /// The first that came; 0: none.
    private static let first = Atomic<Int32>(0)
    private static let hasTerm = Atomic(false), heard = Atomic(false)

    /// Notes them from now on, where they would have ended the process. A second Ctrl-C still does.
    // int sigaction(int signum, const struct sigaction *act, struct sigaction *oldact)
    // int pthread_sigmask(int how, const sigset_t *set, sigset_t *oldset)
    static func watch() {
        // The variables are made before a handler may look at them.
        first.store(0, ordering: .relaxed)
        hasTerm.store(false, ordering: .relaxed)
        heard.store(false, ordering: .relaxed)
        for number in all {
            var action = sigaction()
            action.__sigaction_handler.sa_handler = { number in
                if number == SIGTERM { StopSignals.hasTerm.store(true, ordering: .relaxed) }
                _ = StopSignals.first.compareExchange(expected: 0, desired: number, ordering: .relaxed)
            }
            action.sa_flags = number == SIGINT ? SA_RESTART | Int32(bitPattern: UInt32(SA_RESETHAND)) : SA_RESTART
            sigaction(number, &action, nil)
        }
        // Whoever started this process may have had them blocked.
        var signals = sigset_t()
        sigemptyset(&signals)
        for number in all { sigaddset(&signals, number) }
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    }

    /// The number of the signal that came; 0: none.
    static var received: Int32 { first.load(ordering: .relaxed) }

    /// All ranks know of a signal: from now on they end by themselves.
    static func areHeard() { heard.store(true, ordering: .relaxed) }

    static var isHeard: Bool { heard.load(ordering: .relaxed) }

    /// SIGTERM came, and the ranks did not yet come to where they tell each other.
    static var isTermUnheard: Bool { hasTerm.load(ordering: .relaxed) && !isHeard }

    static func name(of number: Int32) -> String {
        switch number {
        case SIGTERM: "SIGTERM"
        case SIGINT: "SIGINT"
        case SIGUSR1: "SIGUSR1"
        default: "signal \(number)"
        }
    }
}
