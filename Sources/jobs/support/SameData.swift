import Datasets
import Logging
import Parallel
import Runs
import Storage

/// Refuses sets that are not the same on all ranks, such as an older copy on one node: cuts of them would not fit
/// together. One allreduce of 64 bytes.
public func checkSameData(_ data: Dataset, on world: Communicator) throws {
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
public func checkOrigin(of data: Dataset, on world: Communicator, _ logger: Logger) throws {
    try world.agreeOnRoot {
        for warning in try data.checkOrigin() { logger.warning("\(warning)") }
    }
}

/// Inflates compressed files once on each machine, and says where every rank has to have its own copy.
public func inflate(_ data: Dataset, on world: Communicator, _ logger: Logger) throws {
    guard try !data.inflate(on: world), world.isRoot else { return }
    logger.notice(
        """
        the ranks of a machine cannot share what \(data.name)'s .gz files hold (no room in /dev/shm, or none of it): \
        each has \
        a copy of its own; plain files are shared
        """)
}
