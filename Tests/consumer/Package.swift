// swift-tools-version: 6.0
import PackageDescription

/// A package that depends on Colonnade's libraries, each alone, as another one would; `run` says what must hold.
let package = Package(
    name: "consumer",
    dependencies: [.package(name: "Colonnade", path: "../..")],
    targets: [
        .executableTarget(name: "with-parallel", dependencies: [.product(name: "Parallel", package: "Colonnade")]),
        .executableTarget(name: "with-layers", dependencies: [.product(name: "Layers", package: "Colonnade")]),
    ],
    swiftLanguageModes: [.v6]
)
