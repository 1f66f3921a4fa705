// swift-tools-version: 6.2
import Foundation
import PackageDescription

/// The pkg-config name of the MPI to build against: MPI_PKG_CONFIG, else the first that is installed.
/// SwiftPM reads this manifest in a sandbox without processes, so the search looks for .pc files itself.
let mpiPackage: String = {
    let environment = ProcessInfo.processInfo.environment
    if let chosen = environment["MPI_PKG_CONFIG"], !chosen.isEmpty { return chosen }
    var folders = (environment["PKG_CONFIG_PATH"] ?? "").split(separator: ":").map(String.init)
    for prefix in ["/usr", "/usr/local"] {
        for library in ["lib/x86_64-linux-gnu", "lib/aarch64-linux-gnu", "lib64", "lib", "share"] {
            folders.append("\(prefix)/\(library)/pkgconfig")
        }
    }
    let names = ["ompi-c", "mpi-c", "mpich"]
    return names.first { name in
        folders.contains { FileManager.default.fileExists(atPath: "\($0)/\(name).pc") }
    } ?? "ompi-c"
}()

// A target is compiled again where a module has changed that it names; one that it reaches through others may not be.
let parser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let data: [Target.Dependency] = ["Partition", "LinearAlgebra", "Storage", "Parallel", "Layers", "Datasets"]
let training: [Target.Dependency] = data + ["DataParallel", "Runs"]
let support: [Target.Dependency] = training + ["Networks", "RICA", "Scaling", "Reports", parser, logging]
let job: [Target.Dependency] = support + ["JobSupport"]
let tests: [Target.Dependency] = ["TestFiles", "TestSupport"]

let package = Package(
    name: "Colonnade",
    products: [
        .executable(name: "rica", targets: ["rica"]),
        .executable(name: "mlp", targets: ["mlp"]),
        .executable(name: "convnet", targets: ["convnet"]),
        .executable(name: "scaling", targets: ["scaling"]),
        .executable(name: "report", targets: ["report"]),
        .library(name: "Parallel", targets: ["Partition", "Parallel"]),
        .library(name: "Layers", targets: ["LinearAlgebra", "Layers"]),
        .library(
            name: "Colonnade",
            targets: [
                "Partition", "LinearAlgebra", "Storage", "Parallel", "Layers", "Datasets", "Pictures", "DataParallel",
                "Runs", "Networks", "RICA", "Scaling", "Reports",
            ]),
        .library(name: "CountAllocations", type: .dynamic, targets: ["CountAllocations"]),
        .library(name: "FailAt", type: .dynamic, targets: ["FailAt"]),
        .library(name: "YieldWhenIdle", type: .dynamic, targets: ["YieldWhenIdle"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
    ],
    targets: [
        // 1: the doors to C
        .systemLibrary(name: "CMPI", pkgConfig: mpiPackage, providers: [.apt(["libopenmpi-dev"])]),
        .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(name: "CKernels", linkerSettings: [.linkedLibrary("m")]),
        // 2
        .target(name: "Partition"),
        .target(name: "LinearAlgebra", dependencies: ["CKernels", "COpenBLAS"]),
        .target(name: "Storage", dependencies: ["CKernels", "CZlib", "LinearAlgebra"]),
        .target(name: "Parallel", dependencies: ["CMPI", "Partition"]),
        // 3
        .target(name: "Layers", dependencies: ["LinearAlgebra"]),
        .target(name: "Datasets", dependencies: ["CKernels", "LinearAlgebra", "Storage"]),
        .target(name: "Pictures", dependencies: ["Storage"]),
        // 4
        .target(name: "DataParallel", dependencies: data),
        .target(name: "Runs", dependencies: data + ["Pictures", "DataParallel"]),
        .target(name: "Networks", dependencies: training),
        .target(name: "RICA", dependencies: training),
        // 5
        .target(name: "Scaling", dependencies: training + ["Networks", "RICA"]),
        .target(name: "Reports", dependencies: training + ["Scaling"]),
        // 6
        .target(name: "JobSupport", dependencies: support, path: "Sources/jobs/support"),
        .executableTarget(name: "rica", dependencies: job, path: "Sources/jobs/rica"),
        .executableTarget(name: "mlp", dependencies: job, path: "Sources/jobs/mlp"),
        .executableTarget(name: "convnet", dependencies: job, path: "Sources/jobs/convnet"),
        .executableTarget(name: "scaling", dependencies: job, path: "Sources/jobs/scaling"),
        .executableTarget(name: "report", dependencies: job, path: "Sources/jobs/report"),

        .target(name: "TestSupport", dependencies: ["LinearAlgebra"], path: "Tests/Support"),
        // What tests of files share; it imports Testing, which the programs that use TestSupport do not link.
        .target(name: "TestFiles", dependencies: ["CZlib", "LinearAlgebra", "Storage"], path: "Tests/Files"),
        .testTarget(name: "PartitionTests", dependencies: ["Partition"]),
        .testTarget(name: "LinearAlgebraTests", dependencies: ["LinearAlgebra", "TestSupport"]),
        .testTarget(name: "StorageTests", dependencies: ["LinearAlgebra", "Storage"] + tests),
        .testTarget(name: "LayersTests", dependencies: ["LinearAlgebra", "Layers"] + tests),
        .testTarget(name: "DatasetsTests", dependencies: data + tests),
        .testTarget(name: "PicturesTests", dependencies: ["Pictures", "TestFiles"]),
        .testTarget(name: "DataParallelTests", dependencies: data + ["DataParallel"] + tests),
        .testTarget(name: "RunsTests", dependencies: training + tests),
        .testTarget(name: "NetworksTests", dependencies: training + ["Networks"] + tests),
        .testTarget(name: "RICATests", dependencies: training + ["RICA"] + tests),
        .testTarget(name: "ScalingTests", dependencies: training + ["Scaling"] + tests),
        .testTarget(name: "ReportsTests", dependencies: training + ["Reports"] + tests),
        .testTarget(name: "ReportTests", dependencies: ["report", "TestSupport"], path: "Tests/report"),
        .executableTarget(name: "write-stl10", dependencies: ["TestSupport"], path: "Tests/slurm/write-stl10"),
        // Runs of several ranks: `mpi-checks NAME` under mpirun, started by MPITests, which itself stays free of MPI.
        .executableTarget(
            name: "mpi-checks", dependencies: training + ["Networks", "TestSupport"], path: "Tests/mpi/checks"),
        // Loaded before the C library by a test: counts what the main thread allocates in some evaluations or steps.
        // No test target depends on it: the one bundle of all tests would load it, and a sanitizer's own malloc clashes
        // with its malloc. As a product it is built with the tests all the same.
        .target(name: "CountAllocations", dependencies: ["CMPI"], path: "Tests/mpi/count-allocations"),
        // The same, for calls that write a checkpoint: fails one of them.
        .target(name: "FailAt", path: "Tests/mpi/fail-at", linkerSettings: [.linkedLibrary("dl")]),
        // Loaded before MPICH's library: lets more ranks than cores share them.
        .target(name: "YieldWhenIdle", path: "Tests/mpi/yield-when-idle", linkerSettings: [.linkedLibrary("dl")]),
        .testTarget(
            name: "MPITests",
            dependencies: [
                "convnet", "Datasets", "LinearAlgebra", "mlp", "mpi-checks", "rica", "scaling", "Storage",
                "TestSupport",
            ],
            path: "Tests/mpi/tests"),
    ],
    swiftLanguageModes: [.v6]
)
