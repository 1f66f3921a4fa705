import Datasets
import Logging
import Parallel
import Storage

/// Refuses sets that are not the same on all ranks, such as an older copy on one node: cuts of them would not fit
/// together. One allreduce of 64 bytes.
public func checkSameData(_ data: Dataset, on world: Communicator) throws {
    let names = ["unlabelled images", "training images", "test images", "images in folds"]
    let counts = [data.unlabelled.count, data.train.images.count, data.test.images.count, data.folds?.joined().count ?? 0]
    // The smallest count, and minus the largest.
    var ends = counts.flatMap { [Int64($0), -Int64($0)] }
    try ends.withUnsafeMutableBufferPointer { try world.allReduce(inPlace: $0, .min) }
    try world.agree {
        for (k, name) in names.enumerated() where ends[2 * k] != -ends[2 * k + 1] {
            throw DataError(
                message: "\(data.name): expected the same files on all ranks, found from \(ends[2 * k]) to \(-ends[2 * k + 1]) \(name): "
                    + "copy the set anew, or name one with --data that all nodes see")
        }
    }
}

/// Refuses a set whose files are those of another set of the same names, and warns of single ones. Rank 0 reads them
/// for all.
public func checkOrigin(of data: Dataset, on world: Communicator, _ logger: Logger) throws {
    try world.agreeOnRoot {
        for warning in try data.checkOrigin() { logger.warning("\(warning)") }
    }
}
