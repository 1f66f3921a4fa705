extension Communicator {
    /// Whether all ranks know of an error, so that they can leave together.
    func allKnow(of error: any Error) -> Bool {
        error is CollectiveError || size == 1
    }

    /// Runs `body` on this rank; where it threw on any rank, every rank throws the same `CollectiveError`.
    ///
    /// For what depends on data or on the rank count: a file that one node cannot read. `body` is local work: a
    /// collective inside it that a failing rank never joins would hang the others. One allreduce of 16 bytes; one
    /// broadcast more when there is a failure.
    ///
    /// - Throws: `CollectiveError`, with the message and exit code of the lowest failing rank; `MPIError`.
    public func agree<T>(_ body: () throws -> T) throws -> T {
        let result = Result(catching: body)
        // The lowest failing rank, and 0 where one did not fail.
        var failures: (lowest: Int64, all: Int64) = (.max, 0)
        if case .failure = result { failures = (Int64(rank), 1) }
        try withUnsafeMutableBytes(of: &failures) { try allReduce(inPlace: $0.bindMemory(to: Int64.self), .min) }
        let lowest = failures.lowest
        if lowest == .max { return try result.get() }

        var code: Int32 = 1
        var message: [UInt8] = []
        if case .failure(let error) = result {
            code = exitCode(of: error)
            // What fails everywhere has no place: a missing file, an option that does not fit.
            let place = failures.all == 1 ? "" : "rank \(rank) on \(hostName): "
            message = Array((place + oneLine(error)).utf8)
        }
        // a fixed size: the length need not travel first; the end is padded with zeros
        let capacity = 2048
        var packet = withUnsafeBytes(of: code) { Array($0) } + message.prefix(capacity - 4)
        packet += [UInt8](repeating: 0, count: capacity - packet.count)
        try packet.withUnsafeMutableBufferPointer { try broadcast($0, from: Int(lowest)) }
        let agreedCode = packet.withUnsafeBytes { $0.loadUnaligned(as: Int32.self) }
        throw CollectiveError(
            description: String(decoding: packet.dropFirst(4).prefix { $0 != 0 }, as: UTF8.self),
            exitCode: agreedCode, rank: Int(lowest))
    }

    /// Runs `body` on rank 0 alone, such as the writing of a file; its error is everybody's. Costs and errors are those
    /// of `agree`.
    public func agreeOnRoot(_ body: () throws -> Void) throws {
        try agree { if isRoot { try body() } }
    }
}
