import Datasets
import Logging
import Parallel
import Runs
import Storage

/// Refuses sets that are not the same on all ranks, such as an older copy on one node: cuts of them would not fit
/// together. One allreduce of 64 bytes.
private func checkSameData(_ data: Dataset, on world: Communicator) throws {
    let names = ["unlabelled images", "training images", "test images", "images in folds"]
    let counts = [
        data.unlabelled.count, data.train.images.count, data.test.images.count, data.folds?.joined().count ?? 0,
    ]
    // The smallest count, and minus the largest.
    var ends = counts.flatMap { [Int64($0), -Int64($0)] }
    try ends.withUnsafeMutableBufferPointer { try world.allReduce(inPlace: $0, .min) }
    try world.agree {
        for (k, name) in names.enumerated() where ends[2 * k] != -ends[2 * k + 1] {
            throw DataError(
                message:
                    "\(data.name): expected the same files on all ranks, found from \(ends[2 * k]) to "
                    + "\(-ends[2 * k + 1]) \(name): copy the set anew, or name one with --data that all nodes see")
        }
    }
}

/// Refuses a set whose files are those of another set of the same names, and warns of single ones. Rank 0 reads them
/// for all.
private func checkOrigin(of data: Dataset, on world: Communicator, _ logger: Logger) throws {
    try world.agreeOnRoot {
        for warning in try data.checkOrigin() { logger.warning("\(warning)") }
    }
}

/// Inflates compressed files once on each machine, and says where every rank has to have its own copy.
private func inflate(_ data: Dataset, on world: Communicator, _ logger: Logger) throws {
    guard let reason = try data.inflate(on: world), world.isRoot else { return }
    logger.notice(
        "each rank has a copy of what \(data.name)'s .gz files hold, since \(reason); plain files are always shared")
}

/// Opens a data set and refuses one that cannot be used. Collective.
///
/// - Parameter data: the folder that was named.
/// - Throws: `CollectiveError`, `MPIError`.
public func openDataset(_ name: String, data folder: String?, on world: Communicator, _ logger: Logger) throws
    -> Dataset
{
    let data = try world.agree { try Dataset.open(name, data: folder) }
    try inflate(data, on: world, logger)
    try world.agree {
        try data.checkLabels()
        try data.checkImages()
    }
    try checkSameData(data, on: world)
    try checkOrigin(of: data, on: world, logger)
    return data
}
