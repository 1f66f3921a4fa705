// swift-tools-version: 6.0
import PackageDescription

/// Inputs that are made up for every reader of files; scripts/fuzz builds it with the sanitizers that it needs.
let package = Package(
    name: "fuzz",
    dependencies: [.package(name: "Colonnade", path: "../..")],
    targets: [
        .target(name: "CFuzz", linkerSettings: [.linkedLibrary("z")]),
        .executableTarget(name: "fuzz", dependencies: ["CFuzz", .product(name: "Colonnade", package: "Colonnade")]),
    ],
    swiftLanguageModes: [.v6]
)
