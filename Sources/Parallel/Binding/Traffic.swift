/// What one rank handed to MPI through one communicator, counted at the calls themselves.
///
/// Read it before and after, and subtract: `communicator.traffic - before`.
public struct Traffic: Equatable, Sendable {
    /// Counts of one kind of operation.
    public struct Count: Equatable, Sendable {
        /// Operations, one a collective, also where its count was too large for one MPI call.
        public var calls = 0
        /// Bytes of the values that this rank contributed.
        public var payloadBytes = 0
        /// Bytes that this rank sends, by the formula at each property of `Traffic`; 0 at one rank.
        public var wireBytes = 0

        public init() {}

        public static func + (a: Count, b: Count) -> Count { combine(a, b, &+) }
        public static func - (a: Count, b: Count) -> Count { combine(a, b, &-) }

        mutating func add(payload: Int, wire: Int) {
            calls += 1
            payloadBytes += payload
            wireBytes += wire
        }

        private static func combine(_ a: Count, _ b: Count, _ op: (Int, Int) -> Int) -> Count {
            var c = Count()
            c.calls = op(a.calls, b.calls)
            c.payloadBytes = op(a.payloadBytes, b.payloadBytes)
            c.wireBytes = op(a.wireBytes, b.wireBytes)
            return c
        }
    }

    /// N bytes among P ranks count as ⌊2(P−1)·N/P⌋ on the wire, nominally: the library may choose otherwise.
    public internal(set) var allReduce = Count()
    /// The root contributes N bytes; ⌊(P−1)·N/P⌋ a rank on the wire: P−1 copies leave, spread evenly,
    /// nominally.
    public internal(set) var broadcast = Count()
    /// A rank contributes its n_r bytes and sends them (P−1) times.
    public internal(set) var allGather = Count()
    /// A rank contributes all N bytes and sends those that others own: N − n_r.
    public internal(set) var reduceScatter = Count()
    /// A rank contributes N bytes, a part for each rank, and sends those for others: N − n_r, its own part stays.
    public internal(set) var allToAll = Count()
    /// Messages of a `Ring`, one call an allreduce: their bytes, as they leave.
    public internal(set) var ring = Count()
    /// Barriers carry no bytes.
    public internal(set) var barrier = Count()

    public init() {}

    /// All kinds together.
    public var total: Count { allReduce + broadcast + allGather + reduceScatter + allToAll + ring + barrier }

    /// What happened between `b` and `a`.
    public static func - (a: Traffic, b: Traffic) -> Traffic {
        var c = Traffic()
        c.allReduce = a.allReduce - b.allReduce
        c.broadcast = a.broadcast - b.broadcast
        c.allGather = a.allGather - b.allGather
        c.reduceScatter = a.reduceScatter - b.reduceScatter
        c.allToAll = a.allToAll - b.allToAll
        c.ring = a.ring - b.ring
        c.barrier = a.barrier - b.barrier
        return c
    }
}
