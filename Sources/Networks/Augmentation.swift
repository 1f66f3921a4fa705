import LinearAlgebra

/// How a training image is changed at random, anew each time that it is seen. What is drawn is a function of the seed
/// and of how many images were seen before, so that it is the same at any rank count.
public struct Augmentation: Codable, Hashable, Sendable {
    /// Whether half of the images are mirrored, left to right.
    public var flips: Bool
    /// The most rows and columns by which they are shifted, up or down, left or right: zeros come in.
    public var shift: Int

    public init(flips: Bool, shift: Int) {
        self.flips = flips
        self.shift = shift
    }
}

/// Changes the images of batches, in place. Reads and writes each image twice.
package final class Augmenter {
    private let augmentation: Augmentation
    private let shape: TensorShape
    private let stream: RandomStream
    private let image: UnsafeMutableBufferPointer<Float>

    package init(_ augmentation: Augmentation, shape: TensorShape, seed: UInt64) {
        precondition(0..<min(shape.height, shape.width) ~= augmentation.shift)
        self.augmentation = augmentation
        self.shape = shape
        stream = RandomStream(seed: seed, purpose: .augmentation)
        image = Allocation.buffer(shape.count, "an image of \(shape)")
    }

    deinit { Allocation.release(image) }

    /// - Parameters:
    ///   - rows: images, plane by plane, whatever stands behind them.
    ///   - first: the number of the first one among all that were seen.
    package func apply(to rows: Matrix<Float>, first: Int) {
        for row in 0..<rows.rows { apply(to: rows.pointer + row * rows.stride, number: first + row) }
    }

    private func apply(to pixels: UnsafeMutablePointer<Float>, number: Int) {
        func draw(_ count: Int, _ which: Int) -> Int { stream.integer(below: count, at: 3 * number + which) }
        let shift = augmentation.shift, (height, width) = (shape.height, shape.width)
        let isFlipped = augmentation.flips && draw(2, 0) == 1
        let down = draw(2 * shift + 1, 1) - shift, right = draw(2 * shift + 1, 2) - shift
        guard isFlipped || down != 0 || right != 0 else { return }
        let from = image.baseAddress!
        from.update(from: pixels, count: shape.count)
        pixels.update(repeating: 0, count: shape.count)
        for plane in 0..<shape.channels {
            for y in max(0, down)..<min(height, height + down) {
                let to = pixels + (plane * height + y) * width, of = from + (plane * height + y - down) * width
                for x in max(0, right)..<min(width, width + right) {
                    let column = x - right
                    to[x] = of[isFlipped ? width - 1 - column : column]
                }
            }
        }
    }
}
