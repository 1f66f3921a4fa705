import Foundation
import LinearAlgebra

/// Writes a small data set in STL-10's layout: six files in `folder`/stl10_binary. Images are noisy colour gratings
/// whose direction is the class, with a random phase: no pixel tells the class, learned features do.
///
/// - Parameters:
///   - train: training images, in ten folds of half as many each (drawn anew for each fold, like STL-10's).
///   - test, unlabelled: images of the other parts. Classes take turns: image i is of class i mod 10, label 1 to 10.
/// - Throws: the file system's errors.
public func writeSmallSTL10(
    to folder: String, train: Int = 200, test: Int = 100, unlabelled: Int = 100, seed: UInt64 = 1
) throws {
    let target = URL(fileURLWithPath: folder).appendingPathComponent("stl10_binary")
    try FileManager.default.createDirectory(at: target, withIntermediateDirectories: true)
    func write(_ data: Data, _ name: String) throws { try data.write(to: target.appendingPathComponent(name)) }

    for (part, (name, count)) in [("train", train), ("test", test), ("unlabeled", unlabelled)].enumerated() {
        let images = (0..<count).map { gratingImage(class: $0 % 10, seed: seed, stream: part << 20 | $0) }
        try write(Data(images.joined()), "\(name)_X.bin")
        if name != "unlabeled" { try write(Data((0..<count).map { UInt8($0 % 10 + 1) }), "\(name)_y.bin") }
    }
    let folds = (0..<10).map { fold in
        RandomStream(seed: seed, purpose: .gratings, stream: 3 << 20 | fold).sample(train / 2, below: train)
            .map(String.init).joined(separator: " ")
    }
    try write(Data((folds.joined(separator: "\n") + "\n").utf8), "fold_indices.txt")
    try write(Data((0..<10).map { "grating\(18 * $0)\n" }.joined().utf8), "class_names.txt")
}

extension RandomStream.Purpose {
    fileprivate static let gratings = Self(1000)
}

/// A 96×96 image as three planes, each stored column by column: a sine of period 8 pixels whose direction is 18° a
/// class.
private func gratingImage(class label: Int, seed: UInt64, stream: Int) -> [UInt8] {
    let random = RandomStream(seed: seed, purpose: .gratings, stream: stream)
    var noise = [Float](repeating: 0, count: 3 * 96 * 96)
    noise.withUnsafeMutableBufferPointer { random.fillNormal($0, from: 4) }
    let angle = Double(label) * .pi / 10
    let phase = 2 * .pi * Double(random.integer(below: 1000, at: 0)) / 1000
    let tint = (0..<3).map { Double(60 + random.integer(below: 40, at: 1 + $0)) / 100 }
    return (0..<3 * 96 * 96).map { i in
        let (channel, x, y) = (i / 9216, i % 9216 / 96, i % 96)
        let wave = sin(2 * .pi / 8 * (Double(x) * cos(angle) + Double(y) * sin(angle)) + phase)
        return UInt8(min(max(128 + 50 * tint[channel] * wave + 20 * Double(noise[i]), 0), 255))
    }
}
