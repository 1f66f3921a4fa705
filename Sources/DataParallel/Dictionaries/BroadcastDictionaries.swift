import Layers
import Parallel

extension PredictedWeights {
    /// Gives every rank rank 0's U: the same numbers went into it everywhere, but processors of two kinds may have
    /// rounded them differently. One broadcast a column. Collective.
    package func broadcastDictionaries(on communicator: Communicator) throws(MPIError) {
        for column in columns { try communicator.broadcast(column.dictionary!.elements, from: 0) }
    }
}
