import Storage

/// Whose file it is, by the CRC-32 of its content: all files of MNIST and of Fashion-MNIST as published and unpacked,
/// which have the same names and sizes.
private let publishedSums: [UInt: String] = [
    0xE9F4_D8B3: "mnist",  // train-images-idx3-ubyte
    0xE0CB_4AD2: "mnist",  // train-labels-idx1-ubyte
    0x9137_3BDF: "mnist",  // t10k-images-idx3-ubyte
    0x4AB9_EFF9: "mnist",  // t10k-labels-idx1-ubyte
    0xB4F2_9F28: "fashion-mnist",  // train-images-idx3-ubyte
    0x741A_4657: "fashion-mnist",  // train-labels-idx1-ubyte
    0x678F_E0B1: "fashion-mnist",  // t10k-images-idx3-ubyte
    0x8014_2C1F: "fashion-mnist",  // t10k-labels-idx1-ubyte
]
/// The largest of them, in bytes.
private let largestPublished = 47_040_016

extension Dataset {
    /// Compares the files of mnist and fashion-mnist with the published ones; files of other sets, and ones that nobody
    /// published, pass. Reads up to 55 MB, so one rank does it for all.
    ///
    /// - Returns: a warning for each file that is the other set's.
    /// - Throws: `DataError` where all files are.
    public func checkOrigin() throws -> [String] {
        guard name != "sample" else { return [] }
        let owners = try idxFiles.map { file in
            file.size <= largestPublished ? publishedSums[try file.checksum()] : nil
        }
        let strangers = zip(idxFiles, owners).filter { $0.1 != nil && $0.1 != name }
        if let other = strangers.first?.1, strangers.count == idxFiles.count {
            throw DataError(
                message: "\(folder): expected the files of \(name), found those of \(other), by their CRC-32: "
                    + "give --dataset \(other), or name the folder of \(name) with --data")
        }
        return strangers.map { "\($0.0.path): expected a file of \(name), found the one of \($0.1!), by its CRC-32" }
    }
}
