import Foundation
import Testing

/// What the ranks of a machine do with compressed files whose content they share.
@Suite(.serialized, .enabled(if: MPIRun.enabled, "mpirun is not in PATH"))
struct NodeDataTests {
    private let folder: RunFolder
    private let samples: String

    init() throws {
        folder = try RunFolder()
        samples = URL(fileURLWithPath: #filePath + "/../../../../Samples/fashion-mnist").standardizedFileURL.path
    }

    private func train(_ shell: String, data: String) async throws -> MPIRun.Outcome {
        let options = "--dataset fashion-mnist --data \(data) --widths 20 --epochs 1 --run-dir \(folder.path)/run"
        return try await MPIRun(
            ranks: 2, command: "/bin/bash", arguments: ["-c", "\(shell); exec $JOBS/mlp \(options)"],
            environment: ["JOBS": MPIRun.products.path]
        ).run()
    }

    /// Memory of one rank's size must not be read to the other's end.
    @Test(arguments: [0, 1]) func foldersOfOtherSizesAreRefused(rank: Int) async throws {
        let other = "\(folder.path)/other"
        try FileManager.default.createDirectory(atPath: other, withIntermediateDirectories: true)
        for part in ["train", "t10k"] {
            for file in ["images-idx3-ubyte.gz", "labels-idx1-ubyte.gz"] {
                try FileManager.default.createSymbolicLink(
                    atPath: "\(other)/\(part)-\(file)", withDestinationPath: "\(samples)/t10k-\(file)")
            }
        }
        let outcome = try await train(
            "data=\(samples); ! \(MPIRun.isRank(rank)) || data=\(other)", data: "$data")
        #expect(outcome.code == 65 && outcome.error.contains("expected the same files on all ranks"), "\(outcome)")
    }

    /// A limit below the training images' size stands for a full /dev/shm: each rank inflates for itself.
    @Test func withoutSharedMemoryEachRankInflates() async throws {
        try folder.writeMNIST(train: 11_000, test: 100)
        for part in ["train", "t10k"] {
            for name in ["images-idx3-ubyte", "labels-idx1-ubyte"] {
                let path = "\(folder.path)/\(part)-\(name)"
                #expect(try await MPIRun(command: "/bin/gzip", arguments: ["-1", path]).run().code == 0)
            }
        }
        // As few bytes as MPI itself makes do with.
        let outcome = try await train("export OMPI_MCA_btl=self,tcp; ulimit -f 8192", data: folder.path)
        #expect(outcome.code == 0 && outcome.error.contains("there is no room for it in /dev/shm"), "\(outcome)")
    }
}
