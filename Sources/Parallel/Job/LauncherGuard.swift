import Glibc

/// A process that ends an mpirun which does not return. It stands for as long as this rank is inside a call that may
/// never return, and once the rank aborts, until mpirun is gone.
///
/// When a rank aborts, Open MPI's mpirun ends the ranks of its own host and then waits for its daemons: for one behind
/// a dead link until TCP gives up, which takes about 15 minutes (4.1). No rank is left to do anything about it. The
/// process lasts until the rank is gone, gives mpirun ten seconds and kills it; its other daemons leave with it.
/// SIGTERM would crash it.
struct LauncherGuard {
    private let process: pid_t

    /// Starts the process; it leaves at once where this rank is no child of mpirun, as on mpirun's other hosts.
    // int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *file_actions,
    //                 const posix_spawnattr_t *attrp, char *const argv[], char *const envp[])
    init() {
        let script = """
            exec </dev/null >/dev/null 2>&1
            # when a process that lives was started: another that has its number later is told from it
            born() { read -r all <"/proc/$1/stat" && set -- ${all##*) } && [ "$1" != Z ] && echo "${20}"; }
            read -r launcher <"/proc/$2/comm"
            case $launcher in mpirun* | mpiexec* | orterun* | prterun*) ;; *) exit ;; esac
            rank=$(born "$1") && launched=$(born "$2") || exit
            while [ "$(born "$1")" = "$rank" ]; do sleep 1; done
            sleep 10
            [ "$(born "$2")" = "$launched" ] && kill -KILL "$2"
            """
        // a process group of its own: a launcher ends a rank with its group
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        // nor keeps it open what tells other ranks that this one is gone
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        for descriptor in Int32(3)..<256 { posix_spawn_file_actions_addclose(&actions, descriptor) }
        let words = ["sh", "-c", script, "sh", "\(getpid())", "\(getppid())"]
        let arguments = words.map { strdup($0) }
        var process: pid_t = 0
        let failure = posix_spawn(&process, "/bin/sh", &actions, &attributes, arguments + [nil], environ)
        for argument in arguments { free(argument) }
        posix_spawnattr_destroy(&attributes)
        posix_spawn_file_actions_destroy(&actions)
        self.process = failure == 0 ? process : 0
    }

    /// The call has returned.
    func cancel() {
        guard process > 0 else { return }
        kill(-process, SIGKILL)
        waitpid(process, nil, 0)
    }
}
