import Foundation

/// A measurement that the model was not fitted to, beside what the model says.
public struct HeldBack: Sendable {
    /// The measurement.
    public let row: ScalingTable.Row
    /// By a model without it.
    public let predicted: StepTime
    /// Of the time of a step, relative: 0.1 where 10 % too much is predicted.
    public var error: Double { predicted.total / row.step.median - 1 }

    /// Fits a model to some rows and predicts others, but for those that it cannot predict.
    public static func errors(fitting rows: [ScalingTable.Row], predicting held: [ScalingTable.Row]) -> [HeldBack] {
        let model = CostModel(rows)
        return held.compactMap { row in
            model.predict(
                row.configuration, ranks: row.ranks, batch: row.batch, on: Network(link: row.link), oversubscribed: row.oversubscribed
            ).map { HeldBack(row: row, predicted: $0) }
        }
    }

    /// Every rank count above one held back in turn, and every link whose name is a rate, where there are two; a row may come twice.
    public static func inTurn(_ rows: [ScalingTable.Row]) -> [HeldBack] {
        func hold(_ isHeld: (ScalingTable.Row) -> Bool) -> [HeldBack] {
            errors(fitting: rows.filter { !isHeld($0) }, predicting: rows.filter(isHeld))
        }
        let ranks = Set(rows.map(\.ranks)).filter { $0 > 1 }.sorted()
        let links = Set(rows.filter { $0.ranks > 1 }.map(\.link)).filter { Network.rate($0) != nil }.sorted()
        return ranks.flatMap { ranks in hold { $0.ranks == ranks } }
            + (links.count > 1 ? links.flatMap { link in hold { $0.link == link && $0.ranks > 1 } } : [])
    }

    /// The absolute error that nine of ten do not pass; nil for none.
    public static func band(_ all: [HeldBack]) -> Double? {
        let errors = all.map { abs($0.error) }.sorted()
        return errors.isEmpty ? nil : errors[min(errors.count - 1, Int((0.9 * Double(errors.count)).rounded(.up)) - 1)]
    }
}
