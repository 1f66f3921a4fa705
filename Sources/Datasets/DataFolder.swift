import Foundation
import Storage

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
        message:
            "the sample set was not found: expected Samples/fashion-mnist in \(starts[0]), \(starts[1]) or a folder "
            + "above them; start the job inside the project's folder, or use --dataset fashion-mnist --data DIR")
}
