import Runs
import Scaling

/// The cost model of measurements. Says on standard error that it fits them where that takes long.
public func fit(_ rows: [ScalingTable.Row]) -> CostModel {
    if rows.count > 1000 {
        StandardStreams.complain("fitting the cost model to \(rows.count) rows, which takes a while")
    }
    return CostModel(rows)
}

/// Predictions of what each model was fitted without. Says on standard error how far it is, at most every ten seconds.
public func crossValidate(_ rows: [ScalingTable.Row]) -> [CrossValidation.Prediction] {
    var last = ContinuousClock.now
    return CrossValidation.inTurn(rows) { done, total in
        guard last.duration(to: .now) >= .seconds(10) else { return }
        last = .now
        StandardStreams.complain("cross-validating the cost model: \(done) of \(total)")
    }
}
