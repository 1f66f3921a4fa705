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
                row.configuration, ranks: row.ranks, batch: row.batch, on: Interconnect(link: row.link), oversubscribed: row.oversubscribed
            ).map { HeldBack(row: row, predicted: $0) }
        }
    }

    /// Every rank count above one held back in turn, and every link whose name is a rate, where there are two; a row
    /// may come twice.
    ///
    /// - Parameter tell: called after each fit, since many take long: how many are made, and of how many.
    public static func inTurn(_ rows: [ScalingTable.Row], tell: (Int, Int) -> Void = { _, _ in }) -> [HeldBack] {
        let ranks = Set(rows.map(\.ranks)).filter { $0 > 1 }.sorted()
        let links = Set(rows.filter { $0.ranks > 1 }.map(\.link)).filter { Interconnect.rate($0) != nil }.sorted()
        var held = ranks.map { ranks in rows.map { $0.ranks == ranks } }
        if links.count > 1 { held += links.map { link in rows.map { $0.link == link && $0.ranks > 1 } } }
        return held.enumerated().flatMap { number, isHeld in
            func part(held: Bool) -> [ScalingTable.Row] { zip(rows, isHeld).filter { $1 == held }.map(\.0) }
            let all = errors(fitting: part(held: false), predicting: part(held: true))
            tell(number + 1, held.count)
            return all
        }
    }

    /// The absolute error that nine of ten do not pass; nil for none.
    public static func band(_ all: [HeldBack]) -> Double? {
        let errors = all.map { abs($0.error) }.sorted()
        return errors.isEmpty ? nil : errors[min(errors.count - 1, Int((0.9 * Double(errors.count)).rounded(.up)) - 1)]
    }
}
