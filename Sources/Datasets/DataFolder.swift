import Foundation

/// What is known about a public set before it is found.
struct PublicSet {
    let title: String
    /// The folder that its archive unpacks to, or that people usually make for it.
    let folder: String
    /// A folder that holds any of these is taken for the set's.
    let files: [String]
    /// Where to get it, or the command that gets it.
    let source: String

    static let stl10 = PublicSet(
        title: "STL-10", folder: "stl10_binary", files: ["train_X.bin", "test_X.bin", "unlabeled_X.bin"],
        source: "stl10_binary.tar.gz from Adam Coates's page at Stanford, https://cs.stanford.edu/~acoates/stl10")
    static let cifar10 = PublicSet(
        title: "CIFAR-10", folder: "cifar-10-batches-bin", files: ["data_batch_1.bin", "test_batch.bin"],
        source: "cifar-10-binary.tar.gz from Alex Krizhevsky's page at Toronto, https://www.cs.toronto.edu/~kriz/cifar.html")
    static let mnist = PublicSet(
        title: "MNIST", folder: "mnist", files: idxNames,
        source: "its four IDX files with 'scripts/data mnist' (into COLONNADE_DATA, else data)")
    static let fashionMNIST = PublicSet(
        title: "Fashion-MNIST", folder: "fashion-mnist", files: idxNames,
        source: "its four IDX files with 'scripts/data fashion-mnist' (into COLONNADE_DATA, else data)")

    private static let idxNames = ["train-images-idx3-ubyte", "t10k-images-idx3-ubyte"].flatMap { [$0, $0 + ".gz"] }
}

/// The folder that holds a set: `data`, else COLONNADE_DATA, else `data/`, itself or its folder of the usual name.
func findFolder(of set: PublicSet, data: String?) throws -> String {
    let variable = ProcessInfo.processInfo.environment["COLONNADE_DATA"] ?? ""
    let root = data ?? (variable.isEmpty ? "data" : variable)
    let folders = [root, root + "/" + set.folder]
    if let found = folders.first(where: { folder in set.files.contains { isFile(folder + "/" + $0) } }) { return found }
    throw DataError(
        message: "\(set.title) not found: expected \(set.files[0]) in \(folders.joined(separator: " or ")), found none; "
            + "get \(set.source), and name the folder with --data or COLONNADE_DATA")
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
            if isFile(samples + "/fashion-mnist/train-images-idx3-ubyte.gz") { return samples }
            if folder == "/" { break }
            folder = (folder as NSString).deletingLastPathComponent
        }
    }
    throw DataError(
        message: "the sample set was not found: expected Samples/fashion-mnist in \(starts[0]), \(starts[1]) or a folder "
            + "above them; start the job inside the project's folder, or use --dataset fashion-mnist --data DIR")
}

func isFile(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && !isFolder.boolValue
}
