import LoyaltyDomain

/// What became of the lots of a member who was merged: each has a lot of the other member in its place.
struct MergePlan: Sendable {
    let from: CustomerRecord
    let into: CustomerRecord
    /// The new lot of each old one.
    private(set) var lots: [String: String] = [:]

    init(from: CustomerRecord, into: CustomerRecord) {
        self.from = from
        self.into = into
    }

    mutating func put(_ lot: String, inPlaceOf old: String) { lots[old] = lot }

    /// The same points by their new lots: for whoever keeps moves of the old ones (a redemption).
    func moved(_ moves: [LotMove]) -> [LotMove] {
        moves.map { LotMove(lot: lots[$0.lot] ?? $0.lot, points: $0.points) }
    }
}
