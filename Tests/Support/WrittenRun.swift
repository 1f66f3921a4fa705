import Foundation

/// A run directory as a job leaves it, with as little in it as a report needs.
public struct WrittenRun {
    public var job = "mlp"
    public var settings: [String: String]
    public var error: Double?
    public var learned = 22010
    public var full = 642_000
    public var proportion = 0.025
    public var secondsPerStep = 0.5
    public var ranks = 1
    public var chosen: [String: String]?
    public var coverage: [Double]?

    /// - Parameter settings: added to those of a predicted net on the data set `sample`; an empty value takes one away.
    public init(_ settings: [String: String], error: Double?) {
        let usual = [
            "dataset": "sample", "seed": "1", "epochs": "15", "widths": "500,500", "dictionary": "se,emp",
            "learned": "0.025",
            "columns": "10", "alpha": "distinct", "sigma": "1.0",
        ]
        self.settings = usual.merging(settings) { $1 }.filter { !$0.value.isEmpty }
        self.error = error
    }

    /// A net that predicts nothing.
    public static func dense(_ settings: [String: String], error: Double, learned: Int, full: Int) -> WrittenRun {
        let none = ["dense": "true", "dictionary": "", "learned": "", "columns": "", "alpha": "", "sigma": ""]
        var run = WrittenRun(none.merging(settings) { $1 }, error: error)
        (run.learned, run.full, run.proportion) = (learned, full, 1)
        return run
    }

    public func write(to folder: String) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let record: [String: Any] = [
            "job": job, "settings": settings, "environment": [:] as [String: String], "ranks": ranks, "hosts": ["a"],
            "versions": ["mpi": "any"],
        ]
        var result: [String: Any] = [
            "dynamicParameters": 16000, "learnedParameters": learned, "fullParameters": full, "proportion": proportion,
            "bytesPerStep": 4 * learned, "wireBytesPerStep": 0, "secondsPerStep": secondsPerStep, "seconds": 9.5,
            "computePath": "reduced",
        ]
        if let chosen { result["chosen"] = chosen }
        if let coverage { result["coverage"] = coverage }
        if let error { (result["error"], result["accuracy"]) = (error, 1 - error) }
        for (name, object) in ["run.json": record, "result.json": result] {
            try JSONSerialization.data(withJSONObject: object).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
        }
    }
}
