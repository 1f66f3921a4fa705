import Foundation
import LinearAlgebra
import Storage

/// A public set of labelled images, opened.
public struct Dataset: Sendable {
    public let name: String
    /// The folder that the files were found in, an absolute path.
    public let folder: String
    public let classNames: [String]
    public var classes: Int { classNames.count }
    public var shape: TensorShape { train.images.shape }
    /// What features are learned on: the unlabelled images of STL-10, else the training images.
    public let unlabelled: ImageSet
    public let train: (images: ImageSet, labels: Labels)
    public let test: (images: ImageSet, labels: Labels)
    /// The training images of each predefined fold (STL-10), as indices into `train`.
    public let folds: [[Int]]?

    /// The files of a set in the IDX format, which may be compressed, and whose names another set's have, too.
    let idxFiles: [ByteFile]

    init(
        name: String, folder: String, classNames: [String], unlabelled: ImageSet? = nil,
        train: (images: ImageSet, labels: Labels), test: (images: ImageSet, labels: Labels), folds: [[Int]]? = nil,
        idxFiles: [ByteFile] = []
    ) {
        self.name = name
        self.folder = URL(fileURLWithPath: folder).standardizedFileURL.path
        self.classNames = classNames
        self.unlabelled = unlabelled ?? train.images
        self.train = train
        self.test = test
        self.folds = folds
        self.idxFiles = idxFiles
    }

    /// Reads all labels once, so that one out of range ends a job before its work. Throws `DataError`.
    public func checkLabels() throws {
        let piece = 1 << 20
        for labels in [train.labels, test.labels] {
            for start in stride(from: 0, to: labels.count, by: piece) {
                _ = try labels.labels(start..<min(start + piece, labels.count))
            }
        }
    }

    /// Refuses images that are all of one value, from which nothing can be learned. Reads as far as the first other
    /// value, so of a good set an image or two. Throws `DataError`.
    public func checkImages() throws {
        for images in [unlabelled, train.images, test.images] {
            if let value = try images.onlyValue() {
                throw DataError(
                    images.path, expected: "pictures",
                    found: "one constant value, \(value), in all pixels of all images")
            }
        }
    }

    public static let names = DatasetKind.all.map(\.name)

    /// The compressed files whose content is yet to be inflated.
    package var packedFiles: [ByteFile] { idxFiles.filter(\.isPacked) }

    /// Opens a set by its name and checks sizes, headers and folds; pixels and labels are read later, and the content
    /// of compressed files is inflated when it is first read.
    ///
    /// `data` is a folder, else the environment variable COLONNADE_DATA, else `data`: the folder of the set's usual
    /// name in it, or that folder itself, holds the files. The set `sample` comes with the code (see `samplesFolder`)
    /// and needs no `data`. Throws `DataError`.
    public static func open(_ name: String, data: String? = nil) throws -> Dataset {
        guard let kind = DatasetKind.all.first(where: { $0.name == name }) else {
            throw DataError(message: "no dataset is called \(name); there are \(names.joined(separator: ", "))")
        }
        let set = try kind.open(data)
        // Model files hold an image's number in 32 bits.
        for images in [set.unlabelled, set.train.images, set.test.images] where images.count > Int(Int32.max) {
            throw DataError(images.path, expected: "at most \(Int32.max) images", found: "\(images.count)")
        }
        return set
    }
}

/// The names of ten classes from a file with a line each, where the set brings one.
func readClassNames(_ path: String) throws -> [String] {
    let names = try ByteFile(path: path).lines().map { $0.trimmingCharacters(in: .whitespaces) }
    if let empty = names.firstIndex(of: "") {
        throw DataError(path, expected: "10 class names, a line each", found: "none in line \(empty + 1)")
    }
    guard names.count == 10 else {
        throw DataError(path, expected: "10 class names, a line each", found: "\(names.count)")
    }
    return names
}
