import Foundation
import Layers
import Parallel
import Runs

/// Whose samples stay the same in number while ranks are added.
public enum BatchMode: String, CaseIterable, Sendable {
    /// Those of all ranks together.
    case strong
    /// Those of a rank.
    case weak
}

/// What all configurations of a measurement have in common.
public struct MeasurementSettings: Sendable {
    /// The user's name for the network between the ranks.
    public var link: String
    /// What stays the same while ranks are added.
    public var mode: BatchMode
    /// Samples of a step: on all ranks together, or on each where `mode` is weak.
    public var batch: Int
    /// J; 1 where the layers say it themselves.
    public var columns: Int
    /// Steps that are measured, after those that are not.
    public var steps: Int
    /// Steps before those.
    public var warmUp: Int

    public init(link: String, mode: BatchMode, batch: Int, columns: Int, steps: Int, warmUp: Int) {
        self.link = link
        self.mode = mode
        self.batch = batch
        self.columns = columns
        self.steps = steps
        self.warmUp = warmUp
    }

    /// Samples of a step on all ranks.
    public func globalBatch(ranks: Int) -> Int { mode == .weak ? batch * ranks : batch }
}

/// Bytes of a step.
public struct StepBytes: Equatable, Sendable {
    /// The bytes of the values that are summed over ranks.
    public var payload: Int
    /// The bytes that the busiest rank sends.
    public var wire: Int
}

/// A row of scaling.csv: a configuration and what a step of it costs. The same on every rank.
public struct StepMeasurement: Sendable {
    /// What was computed, and how values travelled.
    public let configuration: Configuration
    /// What it has in common with others.
    public let settings: MeasurementSettings
    /// Where its ranks were.
    public let placement: Placement
    /// Steps that were measured.
    public let steps: Int
    /// By the exchange's formula.
    public let bytes: StepBytes
    /// The bytes that are counted where buffers are handed to MPI.
    public let counted: StepBytes
    /// The largest peak of a rank's resident memory.
    public let peakBytes: Int
    /// The times of every phase.
    public let times: [StepPhase: TimeSpread]

    /// - Parameters:
    ///   - parameters: those that are learned.
    ///   - counted: on this rank.
    ///   - times: the times of this rank.
    init(
        job: String, model: String, settings: MeasurementSettings, placement: Placement, learned: Double,
        parameters: [LearnedValues.Shape], exchange: ExchangeMethod,
        steps: Int, bytes: StepBytes, counted: StepBytes, times: StepTimes, communicator: Communicator
    ) throws {
        configuration = Configuration(
            job: job, model: model, learned: learned, columns: learned < 1 ? settings.columns : 1, exchange: exchange,
            layers: parameters.map { LayerShape(units: $0.units, valuesPerUnit: $0.valuesPerUnit) })
        self.settings = settings
        self.placement = placement
        self.steps = steps
        self.bytes = bytes
        func largest(_ count: Int) throws -> Int { Int(try communicator.allReduce(Int64(count), .max)) }
        self.counted = StepBytes(payload: try largest(counted.payload), wire: try largest(counted.wire))
        peakBytes = try largest(ProcessMemory.peak)
        self.times = try times.spreads(over: communicator)
    }

    /// Whether the bytes that were counted are those of the formula. Where parts go to their owners, one rank alone
    /// hands nothing to MPI, and in a reproducible reduction a rank may hand it several parts of a sum.
    public var bytesAgree: Bool {
        let parts = configuration.exchange.parts(ranks: placement.ranks)
        return bytes.wire == counted.wire
            && (counted.payload == parts * bytes.payload || placement.ranks == 1 && counted.payload == 0)
    }

    /// The columns of scaling.csv.
    public static let columnNames =
        [
            "job", "model", "mode", "ranks", "hosts", "oversubscribed", "link", "batch", "learned", "columns", "layers",
            "exchange", "steps",
            "payloadBytes", "wireBytes", "peakBytes",
        ] + StepPhase.allCases.flatMap { phase in TimeSpread.names.map { "\(phase.rawValue)_\($0)" } }
    /// The names that columns had in older tables, and the columns that those lack.
    public static let formerNames = Dictionary(
        uniqueKeysWithValues: StepPhase.allCases.flatMap { phase in
            TimeSpread.names.compactMap { part in
                phase.formerName.map { ("\(phase.rawValue)_\(part)", "\($0)_\(part)") }
            }
        })
    public static let newColumns: Set = ["layers"]
    /// The columns that tell rows apart.
    public static let key = [
        "job", "model", "mode", "ranks", "hosts", "link", "batch", "learned", "columns", "exchange",
    ]

    /// Values of the columns, times with nine decimals.
    public var fields: [String] {
        [
            configuration.job, configuration.model, settings.mode.rawValue, "\(placement.ranks)", "\(placement.hosts)",
            "\(placement.isOversubscribed)", settings.link, "\(settings.globalBatch(ranks: placement.ranks))",
            String(format: "%g", configuration.learned), "\(configuration.columns)",
            LayerShape.text(configuration.layers), configuration.exchange.label, "\(steps)",
            "\(bytes.payload)", "\(bytes.wire)", "\(peakBytes)",
        ] + StepPhase.allCases.flatMap { times[$0]!.values.map { String(format: "%.9f", $0) } }
    }
}
