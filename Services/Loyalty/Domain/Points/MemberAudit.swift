import Shared

/// Goes through one member's ledger from the first entry to the last and says what does not add up: the numbering, each transfer by itself, the lots
/// against the entries, the counters against both. The hash chain is the caller's to check, since hashing is not the domain's.
public struct MemberAudit {
    private var counters = MemberCounters()
    private var sequence: Int64 = 0
    private var lots: [String: (pending: Int64, active: Int64, reserved: Int64)] = [:]

    public init() {}

    /// Nil when the entry is in order, else what is wrong with it.
    public mutating func add(_ entry: LedgerEntry) -> String? {
        sequence += 1
        if entry.sequence != sequence { return "numbered \(entry.sequence) where \(sequence) was due" }
        if entry.points <= 0 { return "transfers \(entry.points) points" }
        if entry.from == entry.to { return "goes from an account to itself" }
        let touchesLots = [entry.from, entry.to].contains { $0 == .memberActive || $0 == .memberPending || $0 == .reserved }
        if entry.lots.contains(where: { $0.points <= 0 }) || (touchesLots ? entry.lots.points != entry.points : !entry.lots.isEmpty) {
            return "its lots do not add up to its points"
        }
        guard counters.count(from: entry.from, to: entry.to, points: entry.points) else { return "passes what a counter holds" }
        for move in entry.lots {
            var lot = lots[move.lot] ?? (0, 0, 0)
            if entry.from == .memberPending { lot.pending -= move.points }
            if entry.from == .memberActive { lot.active -= move.points }
            if entry.from == .reserved { lot.reserved -= move.points }
            if entry.to == .memberPending { lot.pending += move.points }
            if entry.to == .memberActive { lot.active += move.points }
            if entry.to == .reserved { lot.reserved += move.points }
            if lot.pending < 0 || lot.active < 0 || lot.reserved < 0 { return "takes more out of \(move.lot) than is in it" }
            lots[move.lot] = lot
        }
        return counters.debt < 0 ? "fills more debt than there is" : nil
    }

    /// Nil when the counters and the lots that are kept are the sums of the entries seen, else what differs.
    public func finish(counters kept: MemberCounters, sequence keptSequence: Int64, lots keptLots: [Lot]) -> String? {
        if keptSequence != sequence { return "\(sequence) entries are there, \(keptSequence) were written" }
        if kept != counters { return "the member's counters are not the sums of the entries" }
        var open = lots
        for lot in keptLots {
            let tally = open.removeValue(forKey: lot.id) ?? (0, 0, 0)
            let expected: (pending: Int64, active: Int64, reserved: Int64) =
                lot.state == .pending ? (lot.remaining, 0, lot.reserved) : (0, lot.remaining, lot.reserved)
            if tally != expected { return "lot \(lot.id) is not the sum of its entries" }
        }
        if let missing = open.first(where: { $0.value != (0, 0, 0) }) { return "lot \(missing.key) is missing" }
        return nil
    }
}
