import Foundation
import Storage

/// What is known about a public set before it is found.
struct PublicSet {
    let title: String
    /// The folder that its archive unpacks to, or that people usually make for it.
    let folder: String
    /// A folder that holds any of these is taken for the set's.
    let files: [String]
    /// Names in the data folder or in the set's that are nearly right, with what to do about them.
    let nearMisses: [(name: String, remedy: String)]
    /// Where to get it, or the command that gets it.
    let source: String

    static let stl10 = PublicSet(
        title: "STL-10", folder: "stl10_binary", files: ["train_X.bin", "test_X.bin", "unlabeled_X.bin"],
        nearMisses: [("stl10_binary.tar.gz", "unpack it")],
        source: "stl10_binary.tar.gz from Adam Coates's page at Stanford, https://cs.stanford.edu/~acoates/stl10")
    static let cifar10 = PublicSet(
        title: "CIFAR-10", folder: "cifar-10-batches-bin", files: ["data_batch_1.bin", "test_batch.bin"],
        nearMisses: [
            ("cifar-10-binary.tar.gz", "unpack it"),
            ("cifar-10-batches-py", "it is the Python version, the binary one is needed"),
        ],
        source: "cifar-10-binary.tar.gz from Alex Krizhevsky's page at Toronto, https://www.cs.toronto.edu/~kriz/cifar.html")
    static let mnist = PublicSet(
        title: "MNIST", folder: "mnist", files: idxNames, nearMisses: idxNearMisses(torchvision: "MNIST"),
        source: "its four IDX files with 'scripts/data mnist' (into COLONNADE_DATA, else data)")
    static let fashionMNIST = PublicSet(
        title: "Fashion-MNIST", folder: "fashion-mnist", files: idxNames,
        nearMisses: idxNearMisses(torchvision: "FashionMNIST"),
        source: "its four IDX files with 'scripts/data fashion-mnist' (into COLONNADE_DATA, else data)")

    private static let idxNames = ["train-images-idx3-ubyte", "t10k-images-idx3-ubyte"].flatMap { [$0, $0 + ".gz"] }

    private static func idxNearMisses(torchvision folder: String) -> [(name: String, remedy: String)] {
        ["train-images.idx3-ubyte", "train-images.idx3-ubyte.gz"]
            .map { ($0, "write '-idx' for '.idx' in the names of all four files") }
            + ["raw/", folder + "/raw/"].flatMap { raw in idxNames.map { (raw + $0, "name its folder with --data") } }
    }
}

/// The folder that holds a set: the one of the usual name in `data`, else in COLONNADE_DATA, else in `data/`; or that
/// folder itself.
///
/// The set's own folder comes first, since the files of another set may have the same names.
func findFolder(of set: PublicSet, data: String?) throws -> String {
    let variable = ProcessInfo.processInfo.environment["COLONNADE_DATA"] ?? ""
    let root = data ?? (variable.isEmpty ? "data" : variable)
    let folders = [root + "/" + set.folder, root]
    // What is there under a name, or cannot be looked at, is not passed over.
    for folder in folders where try fileStatus(folder) != nil {
        for name in set.files where try isFile(folder + "/" + name) { return folder }
    }
    var found = "none"
    search: for folder in folders {
        for (name, remedy) in set.nearMisses where (try? fileStatus(folder + "/" + name)) != nil {
            found = "\(folder)/\(name): \(remedy)"
            break search
        }
    }
    throw DataError(
        message: "\(set.title) not found: expected \(set.files[0]) in \(folders.joined(separator: " or ")), "
            + "found \(found); get \(set.source), and name the folder with --data or COLONNADE_DATA")
}

/// The folder `Samples` that comes with the code: the first one met on the way up from the executable (links followed),
/// else from the current folder.
func samplesFolder() throws -> String {
    let executable = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    let starts = [(executable as NSString).deletingLastPathComponent, FileManager.default.currentDirectoryPath]
    for start in starts where start.hasPrefix("/") {
        var folder = start
        while true {
            let samples = (folder == "/" ? "" : folder) + "/Samples"
            if (try? isFile(samples + "/fashion-mnist/train-images-idx3-ubyte.gz")) == true { return samples }
            if folder == "/" { break }
            folder = (folder as NSString).deletingLastPathComponent
        }
    }
    throw DataError(
        message: "the sample set was not found: expected Samples/fashion-mnist in \(starts[0]), \(starts[1]) or a folder "
            + "above them; start the job inside the project's folder, or use --dataset fashion-mnist --data DIR")
}
