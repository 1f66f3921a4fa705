import ArgumentParser
import BenchmarkSupport
import DataParallel
import Foundation
import LinearAlgebra
import Parallel
import Partition
import Runs

struct Options: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "checkpoint-cost",
        abstract:
            "Prints how long a step waits for a checkpoint, and what writing and reading one take beside a plain write "
                + "and a plain read of as many bytes in as many files, in turns, on the ranks it is started with.",
        discussion:
            "A time is that of the slowest rank. Files are read cold: the system is told to forget them before.",
        version: RunRecord.colonnade)

    @Option(help: ArgumentHelp("Where files are written: on the disk that is measured.", valueName: "dir"))
    var folder = "checkpoint-cost"
    @Option(help: ArgumentHelp("Megabytes of values.", valueName: "mb,mb"))
    var sizes = "0.5,118"
    @Option(help: "Rounds of each.")
    var rounds = 11

    func validate() throws {
        guard rounds >= 3 else { throw ValidationError("--rounds: expected at least 3, found \(rounds)") }
        guard megabytes.allSatisfy({ $0 >= 0.01 && $0 <= 10_000 }) else {
            throw ValidationError("--sizes: expected megabytes from 0.01 to 10000, found \(sizes)")
        }
    }

    var megabytes: [Double] { sizes.split(separator: ",").map { Double($0) ?? 0 } }
}

/// Values of which every rank owns some rows, as the sharded optimizer's state.
final class Values: Checkpointable {
    let own: Matrix<Float>
    private let rows: Range<Int>
    private let all: Int

    init(megabytes: Double, communicator: Communicator) {
        all = max(communicator.size, Int(megabytes * 1e6 / 4000))
        rows = Cut(all, into: communicator.size)[communicator.rank]
        own = Matrix(rows: rows.count, columns: 1000)
        RandomStream(seed: 1, purpose: .initialValues, stream: communicator.rank).fillNormal(own.elements)
    }

    func archive(to archive: StateArchive) throws { try archive.matrix("values", own, .rows(rows, of: all)) }
}

/// Has the system forget a file, so that it is read from the disk.
func forget(_ path: String) {
    let file = open(path, O_RDONLY)
    precondition(file >= 0, "\(path) cannot be opened")
    fsync(file)
    posix_fadvise(file, 0, 0, Int32(POSIX_FADV_DONTNEED))
    close(file)
}

func writePlainly(_ bytes: UnsafeRawBufferPointer, to path: String) {
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o666)
    var done = 0
    while done < bytes.count {
        let put = write(file, bytes.baseAddress! + done, bytes.count - done)
        precondition(put > 0, "\(path) cannot be written")
        done += put
    }
    precondition(fsync(file) == 0, "\(path) cannot be flushed")
    close(file)
}

func readPlainly(_ path: String, into bytes: UnsafeMutableRawBufferPointer) {
    let file = open(path, O_RDONLY)
    var done = 0
    while done < bytes.count {
        let got = read(file, bytes.baseAddress! + done, bytes.count - done)
        precondition(got > 0, "\(path) cannot be read")
        done += got
    }
    close(file)
}

let options = Options.parseOrExit()
Parallel.run(job: "checkpoint-cost") { world in
    /// Milliseconds of the slowest rank.
    func timed(_ body: () throws -> Void) throws -> Double {
        try world.barrier()
        let own = try ContinuousClock().measure {
            try body()
            try world.barrier()
        }
        return try world.allReduce(own / .milliseconds(1), .max)
    }
    func line(_ name: String, _ ours: Spread, _ plain: Spread) {
        print(
            String(
                format: "%-10@ %8.2f ms, plain %8.2f ms: ratio of the medians %.2f", name as NSString, ours.median,
                plain.median, ours.median / plain.median))
    }
    if world.isRoot {
        try? FileManager.default.createDirectory(atPath: options.folder, withIntermediateDirectories: true)
    }
    for megabytes in options.megabytes {
        let values = Values(megabytes: megabytes, communicator: world)
        let other = "\(options.folder)/plain-\(world.rank)"
        func checkpoints(_ name: String, _ more: Checkpoints.Options) throws -> Checkpoints {
            let all = try Checkpoints(in: "\(options.folder)/\(name)", run: "\(megabytes) MB", options: more, on: world)
            try all.attach(values, as: "values")
            return all
        }
        var waits = Spread(), written = Spread(), plainWritten = Spread(), read = Spread(), plainRead = Spread()

        // One checkpoint after the other; the call that finds one written begins the next.
        var often = Checkpoints.Options()
        often.every = 0
        let steps = try checkpoints("steps", often)
        var call = 0
        for round in 0...options.rounds {
            let before = steps.kept
            var wait = 0.0
            repeat {
                call += 1
                wait = try ContinuousClock().measure { try steps.endPhase("call \(call)") } / .milliseconds(1)
            } while steps.kept == before
            if round > 0 { waits.add(try world.allReduce(wait, .max)) }
        }
        try steps.remove()

        // A job that is told to stop writes a checkpoint to its end.
        var stopping = Checkpoints.Options()
        stopping.every = .infinity
        stopping.end = { .distantPast }
        let stops = try checkpoints("stops", stopping)
        // In the first round memory is taken and MPI makes what it makes once.
        for round in 0...options.rounds {
            let checkpoint = "\(options.folder)/stops/\(round + 1)", manifest = "\(checkpoint)/manifest.json"
            let ours = try timed {
                do { try stops.endPhase("a round") } catch let stop as CollectiveError where stop.exitCode == 75 {}
            }
            let bytes = UnsafeMutableRawBufferPointer(values.own.elements), size = FileManager.default.size(manifest)
            let plain = try timed {
                writePlainly(UnsafeRawBufferPointer(bytes), to: other)
                try world.barrier()
                if world.isRoot { writePlainly(UnsafeRawBufferPointer(rebasing: bytes[..<size]), to: other + ".json") }
            }
            let part = "\(checkpoint)/part-\(world.rank).safetensors"
            for path in [part, other] + (world.isRoot ? [manifest, other + ".json"] : []) { forget(path) }
            let back = try timed { _ = try checkpoints("stops", stopping) }
            let plainBack = try timed { readPlainly(other, into: bytes) }
            guard round > 0 else { continue }
            written.add(ours)
            plainWritten.add(plain)
            read.add(back)
            plainRead.add(plainBack)
        }
        try stops.remove()
        if world.isRoot {
            print(
                String(
                    format: "%g MB of values on %d rank%@: the step waits %.2f ms, %.4f %% of ten minutes", megabytes,
                    world.size, world.size == 1 ? "" : "s", waits.median, waits.median / 6000))
            line("  written", written, plainWritten)
            line("  read", read, plainRead)
        }
        unlink(other)
        unlink(other + ".json")
    }
    try world.barrier()
    if world.isRoot { rmdir(options.folder) }
}

extension FileManager {
    fileprivate func size(_ path: String) -> Int {
        ((try? attributesOfItem(atPath: path))?[.size] as? Int) ?? 0
    }
}
