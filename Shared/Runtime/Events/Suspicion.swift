/// Finds the event that ends its reader's process: after two deaths over a batch the next ones are half as long, until what kills is alone and is
/// put to the dead letters unread. A single death may be a coincidence (a deployment, say), so a lone event is condemned by two as well.
struct Suspicion {
    static let batchLimit = 250

    /// How many events the next batch may hold.
    private(set) var limit = Suspicion.batchLimit
    /// Positions that the reader shall not read.
    private(set) var quarantine: [Int64] = []
    private var deaths = 0
    /// The last position that may be the culprit; 0 when there is no suspicion.
    private var until: Int64 = 0

    /// The reader was gone before it answered a batch with these positions.
    mutating func died(over positions: [Int64]) {
        deaths += 1
        guard let last = positions.last, deaths >= 2 || (until > 0 && positions.count > 1) else { return }
        deaths = 0
        if positions.count == 1 {
            quarantine = positions
        } else {
            until = last
            limit = max(1, positions.count / 2)
        }
    }

    /// A batch up to `position` was taken.
    mutating func passed(_ position: Int64) {
        deaths = 0
        quarantine = []
        guard position >= until else { return }
        until = 0
        limit = Self.batchLimit
    }
}
