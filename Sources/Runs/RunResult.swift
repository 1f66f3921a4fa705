import Foundation
import Storage

/// result.json. Fields that a phase does not reach are absent.
public struct RunResult: Codable, Sendable {
    /// The part of test images predicted right; with folds, the mean.
    public var accuracy: Double?
    public var error: Double?
    /// Half the 90 % interval over folds.
    public var interval: Double?
    /// Accuracy of every fold.
    public var folds: [Double]?
    /// Σ n_α·n_h of predicted layers.
    public var dynamicParameters: Int
    /// Every value that is learned; of several stages every value that one of them learns.
    public var learnedParameters: Int
    /// n_v·n_h.
    public var fullParameters: Int
    /// Every value learned of the dense net of the same widths; nil: `fullParameters`.
    public var denseParameters: Int?
    /// The proportion really learned.
    public var proportion: Double
    /// Bytes of a value on the wire × values reduced in a step; the mean over steps where they differ.
    public var bytesPerStep: Int
    /// What the busiest rank sends in a step; the mean over steps where they differ.
    public var wireBytesPerStep: Int
    /// A step is one evaluation.
    public var secondsPerStep: Double?
    public var steps: Int?
    public var objective: Double?
    /// What `--validate` chose, by option name.
    public var chosen: [String: String]?
    /// The compute path of every layer; after several stages those of the last.
    public var computePath: String
    /// The part of its positions, or atoms, that one column at least has drawn, for every predicted layer whose columns
    /// draw.
    public var coverage: [Double]?
    /// ‖U‖₂ of every predicted layer at the end, the largest of its columns.
    public var dictionaryNorms: [Double]?
    /// What rank 0 held in memory at most, libraries included.
    public var peakBytes: Int?
    /// Whole run so far.
    public var seconds: Double
    /// The id of the run in run.json.
    public var run: String?
    /// The phases that are done, by name, and what each depended on beside the settings; nil: the run is not done in
    /// phases.
    public var phases: [String: String]?
    /// The CRC-32 of the tables that belong to this result, by file name.
    public var files: [String: UInt32]?

    package init(
        run: String?, dynamicParameters: Int, learnedParameters: Int, fullParameters: Int, denseParameters: Int? = nil,
        proportion: Double, bytesPerStep: Int, wireBytesPerStep: Int, computePath: String
    ) {
        self.run = run
        self.dynamicParameters = dynamicParameters
        self.learnedParameters = learnedParameters
        self.fullParameters = fullParameters
        self.denseParameters = denseParameters
        self.proportion = proportion
        self.bytesPerStep = bytesPerStep
        self.wireBytesPerStep = wireBytesPerStep
        self.computePath = computePath
        seconds = 0
    }

    /// Names the tables that the run has written so far, beside those that an earlier phase wrote.
    package mutating func take(filesOf directory: RunDirectory) {
        files = (files ?? [:]).merging(directory.checksums) { $1 }
    }

    /// Takes over what an earlier phase of the same run learned, where there is one.
    package mutating func keepLearning(from path: String) {
        guard let data = try? readFile(path, expecting: "the result of a run", atMost: RunRecord.mostBytes, advice: ""),
            let earlier = try? decodeJSON(RunResult.self, from: data),
            earlier.run == nil || earlier.run == run
        else { return }
        files = earlier.files
        phases = earlier.phases
        objective = earlier.objective
        steps = earlier.steps
        secondsPerStep = earlier.secondsPerStep
        chosen = earlier.chosen
    }

    /// Readable JSON with keys in order.
    public func json() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        return try encoder.encode(self)
    }
}
