import Foundation
import Parallel
import Partition
import Storage

/// The checkpoints of a run: when one is taken, how all ranks write it, and where the run goes on after a kill.
///
/// The state of a run is that of the objects that are attached at the time. A run that goes on makes the same calls as
/// the one before: each object is filled when it is attached, and what it says was done is not done again. The copy is
/// taken between two steps, a thread writes it, and a manifest commits it when all ranks have written.
public final class Checkpoints {
    /// The least seconds between two checkpoints where nothing else was asked for.
    private static let least = 30.0
    private static let usual = 600.0

    private let folder: CheckpointFolder
    private let options: Options
    private let communicator: Communicator
    private let pulse: Pulse
    private let clock = ContinuousClock(), start: ContinuousClock.Instant
    private let writer = PartWriter()
    private let snapshot: StateSnapshot
    private var attached: [(name: String, object: any Checkpointable)] = []
    /// What the run before left, as far as nobody has taken it yet.
    private var stored: StoredState?
    /// The checkpoint that is being written, and whether only its manifest is missing.
    private var pending: (number: Int, position: String, hasParts: Bool)?
    /// The number of the last checkpoint that was begun.
    private var number = 0
    /// When the last one was begun, and the seconds that writing it took; rank 0's are of all ranks.
    private var last = 0.0, cost = 0.0
    /// What compares the ranks' values on the way; nil: nothing does.
    public var replicas: ReplicaCheck?
    /// Where the run was at the last checkpoint that is good.
    public private(set) var kept: String?

    /// Finds the newest checkpoint that is good, and puts those aside that are not. Collective.
    ///
    /// - Parameters:
    ///   - path: the folder of the checkpoints, which all ranks see.
    ///   - run: the id of the run, or of its phase, the same on all ranks.
    /// - Throws: `CollectiveError`, `MPIError`.
    public init(in path: String, run: String, options: Options, on world: Communicator) throws {
        folder = CheckpointFolder(path: path, run: run)
        self.options = options
        communicator = try world.duplicate()
        pulse = Pulse(communicator)
        snapshot = StateSnapshot(rank: communicator.rank)
        start = clock.now
        // What MPI makes at the first call is made now.
        _ = try pulse.exchange(Pulse.Word())
        try findNewest()
    }

    // MARK: - Going on

    private func findNewest() throws {
        if communicator.isRoot { folder.removeUncommitted() }
        var limit = Int.max
        while let manifest = try newestManifest(below: limit) {
            do {
                try communicator.agree {
                    for part in stride(from: communicator.rank, to: manifest.parts.count, by: communicator.size) {
                        try folder.check(manifest.parts[part], of: manifest.number)
                    }
                }
            } catch let error as CollectiveError where error.exitCode == CheckpointFolder.Damage.code {
                limit = manifest.number
                if communicator.isRoot { setAside(limit, because: error.description) }
                continue
            }
            stored = try communicator.agree {
                try StoredState(
                    manifest.parts.map(\.name), in: folder.folder(manifest.number), rank: communicator.rank,
                    ranks: communicator.size)
            }
            kept = manifest.position
            return
        }
    }

    private func setAside(_ number: Int, because reason: String) {
        options.warn("\(reason): this checkpoint is put aside, and the one before it is taken")
        folder.setAside(number)
    }

    /// The newest manifest of this run that is whole, as rank 0 reads it, on all ranks. One allreduce, a broadcast of
    /// 16 bytes, and one of the manifest.
    private func newestManifest(below limit: Int) throws -> CheckpointFolder.Manifest? {
        var text = Data()
        try communicator.agreeOnRoot {
            let numbers = folder.numbers()
            number = max(number, numbers.first ?? 0)
            for number in numbers where number < limit {
                do {
                    guard let manifest = try folder.committed(number) else { continue }
                    text = try manifest.text
                    break
                } catch let damage as CheckpointFolder.Damage {
                    setAside(number, because: "\(damage)")
                }
            }
        }
        var sizes = [Int64(text.count), Int64(number)]
        try sizes.withUnsafeMutableBufferPointer { try communicator.broadcast($0, from: 0) }
        number = Int(sizes[1])
        guard sizes[0] > 0 else { return nil }
        var bytes = communicator.isRoot ? [UInt8](text) : [UInt8](repeating: 0, count: Int(sizes[0]))
        try bytes.withUnsafeMutableBufferPointer { try communicator.broadcast($0, from: 0) }
        return try decodeJSON(CheckpointFolder.Manifest.self, from: bytes)
    }

    /// Makes an object a part of the run's state, and fills it where the run goes on. Collective.
    ///
    /// - Parameter name: the same in the run before.
    /// - Returns: whether it was filled.
    /// - Throws: `CollectiveError` where the checkpoint does not fit; `MPIError`.
    @discardableResult
    public func attach(_ object: any Checkpointable, as name: String) throws -> Bool {
        precondition(!attached.contains { $0.name == name }, "two objects are called \(name)")
        attached.append((name, object))
        pulse.restart()
        guard let stored, stored.holds(name) else { return false }
        try communicator.agree { try stored.fill(object, from: name) }
        if stored.isEmpty { self.stored = nil }
        return true
    }

    /// Ends an object's part of the state.
    public func detach(_ name: String) {
        attached.removeAll { $0.name == name }
        pulse.restart()
    }

    // MARK: - Saving and stopping

    /// Takes a checkpoint if it is time for one, and stops the job if it was asked to stop. Collective; as a rule it
    /// costs a comparison, about four times a second an allreduce of 40 bytes.
    ///
    /// - Parameter position: where the run is, for people: "step 100".
    /// - Throws: `CollectiveError` with code 75 where the job stops; `MPIError`.
    public func tick(_ position: @autoclosure () -> String) throws {
        if pulse.beat() { try look(position, atLeast: nil) }
    }

    /// Stops the job if it was asked to, and takes no checkpoint: for work that a job which goes on from the last one
    /// does again. Collective; costs as much as `tick`.
    ///
    /// - Throws: as `tick`.
    public func listen(_ position: @autoclosure () -> String) throws {
        if pulse.beat() { try look(position, atLeast: nil, begins: false) }
    }

    /// Takes a checkpoint at the end of a phase, unless there was one just before. Collective.
    ///
    /// - Throws: as `tick`.
    public func endPhase(_ position: @autoclosure () -> String) throws {
        try look(position, atLeast: Self.least)
    }

    /// - Parameters:
    ///   - seconds: since the last checkpoint that make one due; nil: as many as were asked for.
    ///   - begins: whether one may be begun.
    private func look(_ position: () -> String, atLeast seconds: Double?, begins: Bool = true) throws {
        var own = Pulse.Word()
        own.isWriting = writer.isWriting
        if communicator.isRoot {
            // At most a hundredth of the time goes into checkpoints, also where phases end often.
            let interval = options.every ?? max(Self.usual, 100 * cost)
            own.isDue = now - last >= min(interval, seconds.map { max($0, 100 * cost) } ?? interval)
            // A write may take longer than the last one did; of the first nothing is known.
            let needed = cost == 0 ? 20 : 10 + 3 * cost
            own.isLate = options.end().map { Date(timeIntervalSinceNow: needed) >= $0 } ?? false
        }
        let word = try pulse.exchange(own)
        if pending != nil, !word.isWriting { try goOnWriting() }
        if let reason = word.reason { try stop(reason, at: position(), begins: begins) }
        if begins, word.isDue, pending == nil {
            forgetRest()
            try begin(position())
        }
    }

    /// Seconds since these checkpoints were opened.
    private var now: Double { (clock.now - start).seconds }

    /// Gives up what nobody has taken of the checkpoint that the run goes on from: all that is needed is taken before
    /// the first step, and a run that kept nothing more would begin at the same place for ever.
    private func forgetRest() {
        guard let rest = stored else { return }
        let names = rest.rest.prefix(3).joined(separator: ", ")
        options.warn("the checkpoint holds more than this run asks for (\(names))")
        stored = nil
    }

    /// Copies the state and begins to write it.
    private func begin(_ position: String) throws {
        number += 1
        last = now
        do {
            // Every rank makes it, since a network file system may not show it to others at once.
            try communicator.agree { try folder.make(number) }
        } catch let error as CollectiveError {
            return fail(error)
        }
        try snapshot.take(attached)
        do { try checkRoom() } catch let error as CollectiveError { return fail(error) }
        let path = folder.folder(number) + "/" + CheckpointFolder.part(communicator.rank)
        writer.start { [snapshot] in try snapshot.write(to: path) }
        pending = (number, position, false)
    }

    /// Refuses a checkpoint in whose place the files of the run would find no room at the end. An allreduce of 8 bytes.
    private func checkRoom() throws {
        let bytes = try communicator.allReduce(Int64(snapshot.byteCount))
        try communicator.agreeOnRoot {
            try checkFreeSpace(
                in: folder.path, for: Int(bytes) + options.room, "a checkpoint and the files of this run")
        }
    }

    /// Lets rank 0 commit the checkpoint whose parts all ranks have written, and takes it as kept once it has; or says
    /// why there is none. No rank waits for these files.
    private func goOnWriting() throws {
        guard let (number, position, hasParts) = pending else { return }
        pending = nil
        do {
            let own = try communicator.agree { try writer.written() }
            if hasParts {
                kept = position
                cost += own.seconds
                return
            }
            cost = try communicator.allReduce(own.seconds, .max)
            var headers = [Int64](repeating: 0, count: communicator.size)
            headers[communicator.rank] = Int64(own.checksum)
            try headers.withUnsafeMutableBufferPointer {
                try communicator.allGather(inPlace: $0, shares: Cut(communicator.size, into: communicator.size))
            }
            let parts = headers.enumerated().map { rank, header in
                CheckpointFolder.Manifest.Part(name: CheckpointFolder.part(rank), header: UInt32(header))
            }
            let manifest = CheckpointFolder.Manifest(
                run: folder.run, number: number, position: position, parts: parts)
            writer.start { [folder, isRoot = communicator.isRoot] in
                if isRoot { try folder.commit(manifest) }
                return 0
            }
            pending = (number, position, true)
        } catch let error as CollectiveError {
            fail(error)
        }
    }

    /// Says that there is no new checkpoint, and makes room for the next.
    private func fail(_ error: CollectiveError) {
        options.warn(
            "\(error.description): no checkpoint was written; "
                + (kept.map { "that of \($0) is kept" } ?? "there is none yet") + ", and the run goes on")
        if communicator.isRoot { folder.remove(number) }
    }

    /// Ends the job, after a last checkpoint if one may be begun.
    private func stop(_ reason: String, at position: String, begins: Bool) throws {
        try waitForWriter()
        // A run that has not taken up all of a checkpoint yet has done nothing: that one stays the newest.
        if begins, stored == nil, !attached.isEmpty {
            options.say("\(reason): writing a checkpoint of \(position)")
            try begin(position)
            try waitForWriter()
        }
        let kept = kept.map { "the same command goes on from \($0)" }
            ?? "nothing was kept yet, and the same command begins anew"
        try communicator.agree { throw StopRequest(description: "\(reason) at \(position): \(kept)") }
    }

    /// Removes all checkpoints: the run is finished. Collective.
    ///
    /// - Throws: `MPIError`.
    public func remove() throws {
        writer.wait()
        pending = nil
        try communicator.barrier()
        if communicator.isRoot { folder.removeAll() }
    }

    private func waitForWriter() throws {
        while pending != nil {
            writer.wait()
            try goOnWriting()
        }
    }
}
