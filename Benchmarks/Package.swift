// swift-tools-version: 6.0
import PackageDescription

/// Measurements of Colonnade; README.md has the command of each.
let package = Package(
    name: "Benchmarks",
    dependencies: [
        .package(name: "Colonnade", path: ".."),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    ],
    targets: [
        .target(name: "BenchmarkSupport", dependencies: jobDependencies),
        .executableTarget(name: "checkpoint-cost", dependencies: ["BenchmarkSupport"] + jobDependencies),
        .executableTarget(name: "convolution", dependencies: ["BenchmarkSupport"] + jobDependencies),
        .executableTarget(name: "exchange-times", dependencies: ["BenchmarkSupport"] + jobDependencies),
        .executableTarget(name: "mlp-loops", dependencies: ["BenchmarkSupport"] + jobDependencies),
        .executableTarget(name: "mlp-pooling", dependencies: ["BenchmarkSupport"] + jobDependencies),
        .executableTarget(name: "mlp-step", dependencies: ["BenchmarkSupport"] + jobDependencies),
        .executableTarget(name: "network-ranks", dependencies: ["BenchmarkSupport"] + jobDependencies),
        .executableTarget(name: "rica-controls", dependencies: ["BenchmarkSupport"] + jobDependencies),
        .executableTarget(name: "rica-evaluation", dependencies: ["BenchmarkSupport"] + jobDependencies),
        .executableTarget(name: "rica-ranks", dependencies: ["BenchmarkSupport"] + jobDependencies),
    ],
    swiftLanguageModes: [.v6]
)

var jobDependencies: [Target.Dependency] {
    [
        .product(name: "Colonnade", package: "Colonnade"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
    ]
}
