import Foundation

/// Predictions of measurements by models that were fitted without them.
public enum CrossValidation {
    /// A measurement that was left out of the fit, beside what the model says.
    public struct Prediction: Sendable {
        /// The measurement.
        public let row: ScalingTable.Row
        /// The times that a model without the measurement predicts.
        public let predicted: StepTime
        /// The relative error of the time of a step: 0.1 where 10 % too much is predicted.
        public var error: Double { predicted.total / row.step.median - 1 }
    }

    /// Fits a model to some rows and predicts others, but for those that it cannot predict.
    public static func errors(
        fitting rows: [ScalingTable.Row], predicting leftOut: [ScalingTable.Row]
    ) -> [Prediction] {
        let model = CostModel(rows)
        return leftOut.compactMap { row in
            model.predict(
                row.configuration, ranks: row.ranks, batch: row.batch, on: Interconnect(link: row.link),
                oversubscribed: row.oversubscribed
            ).map { Prediction(row: row, predicted: $0) }
        }
    }

    /// Leaves out every rank count above one in turn, and every link whose name is a rate, where there are two; a row
    /// may come twice.
    ///
    /// - Parameter tell: called after each fit, since many take long: how many are made, and of how many.
    public static func inTurn(
        _ rows: [ScalingTable.Row], tell: (Int, Int) -> Void = { _, _ in }
    ) -> [Prediction] {
        let ranks = Set(rows.map(\.ranks)).filter { $0 > 1 }.sorted()
        let links = Set(rows.filter { $0.ranks > 1 }.map(\.link)).filter { Interconnect.rate($0) != nil }.sorted()
        var folds = ranks.map { ranks in rows.map { $0.ranks == ranks } }
        if links.count > 1 { folds += links.map { link in rows.map { $0.link == link && $0.ranks > 1 } } }
        return folds.enumerated().flatMap { number, isLeftOut in
            func part(leftOut: Bool) -> [ScalingTable.Row] { zip(rows, isLeftOut).filter { $1 == leftOut }.map(\.0) }
            let all = errors(fitting: part(leftOut: false), predicting: part(leftOut: true))
            tell(number + 1, folds.count)
            return all
        }
    }

    /// Returns the 90 % error: the absolute relative error that nine of ten predictions do not pass; nil for none.
    public static func error90(_ all: [Prediction]) -> Double? {
        let errors = all.map { abs($0.error) }.sorted()
        return errors.isEmpty ? nil : errors[min(errors.count - 1, Int((0.9 * Double(errors.count)).rounded(.up)) - 1)]
    }
}
