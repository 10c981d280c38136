import Shared

/// The accounts of the points ledger. Every transfer goes from one to another; `member_…` and `reserved` are the member's, the others the programme's.
public enum LedgerAccount: String, Sendable, CaseIterable, Hashable {
    case issued
    case memberPending = "member_pending"
    case memberActive = "member_active"
    /// What the member owes after a clawback beyond the balance.
    case memberDebt = "member_debt"
    case reserved, redeemed, expired
    case clawedBack = "clawed_back"
    case adjusted
    /// Between two accounts of one person, when customers are merged.
    case merged

    var isMembers: Bool {
        switch self {
        case .memberPending, .memberActive, .memberDebt, .reserved: true
        case .issued, .redeemed, .expired, .clawedBack, .adjusted, .merged: false
        }
    }
}

/// One transfer: `points` > 0 out of one account into another.
public struct LedgerEntry: Sendable, Equatable {
    /// What it was, in a word.
    public enum Kind: String, Sendable, CaseIterable {
        case earned, activated, adjusted, expired
        case clawedBack = "clawed_back"
        case debtFilled = "debt_filled"
        /// Held for a redemption, let go again, spent for good, and given back after a refund.
        case reserved, released, redeemed, returned
        /// Out of one member's account, into another's.
        case merged
    }

    public let id: String
    /// The member's internal id: never the customer's, so that erasure leaves the ledger whole.
    public let memberID: String
    /// Counts the member's entries from 1.
    public let sequence: Int64
    public let kind: Kind
    public let from: LedgerAccount
    public let to: LedgerAccount
    public let points: Int64
    /// The lots it touches; their points add up to `points`, except that a debt touches none.
    public let lots: [LotMove]
    /// The business key, unique for ever.
    public let cause: String
    public let at: Timestamp

    public init(
        id: String, memberID: String, sequence: Int64, kind: Kind, from: LedgerAccount, to: LedgerAccount, points: Int64, lots: [LotMove],
        cause: String,
        at: Timestamp
    ) {
        self.id = id
        self.memberID = memberID
        self.sequence = sequence
        self.kind = kind
        self.from = from
        self.to = to
        self.points = points
        self.lots = lots
        self.cause = cause
        self.at = at
    }

    /// What it changes of the member's points, pending ones included.
    public var signedPoints: Int64 { (to.isMembers ? points : 0) - (from.isMembers ? points : 0) }

    /// `lot:points` pairs, as kept and as hashed.
    public static func text(_ lots: [LotMove]) -> String {
        if lots.count == 1, let only = lots.first { return "\(only.lot):\(only.points)" }
        return lots.map { "\($0.lot):\($0.points)" }.joined(separator: ",")
    }

    /// Nil for a text that ``text(_:)`` did not write. By bytes: the verification reads millions of them.
    public static func lots(_ text: String) -> [LotMove]? {
        let bytes = text.utf8
        guard !bytes.isEmpty else { return [] }
        var lots: [LotMove] = []
        var start = bytes.startIndex
        while true {
            let end = bytes[start...].firstIndex(of: UInt8(ascii: ",")) ?? bytes.endIndex
            guard let colon = bytes[start..<end].lastIndex(of: UInt8(ascii: ":")), let points = Int64(text[bytes.index(after: colon)..<end]) else {
                return nil
            }
            lots.append(LotMove(lot: String(text[start..<colon]), points: points))
            if end == bytes.endIndex { return lots }
            start = bytes.index(after: end)
        }
    }

    /// What the chain's hash covers beside the hash before it: everything that counts, nothing personal. The cause, the one free text, comes last.
    public var hashedText: String {
        "\(sequence)\n\(memberID)\n\(from.rawValue)\n\(to.rawValue)\n\(points)\n\(Self.text(lots))\n\(kind.rawValue)\n\(at.milliseconds)\n\(cause)"
    }

    /// The bytes of ``hashedText``, without the text.
    public func appendHashed(to bytes: inout [UInt8]) {
        Self.append(sequence, to: &bytes)
        Self.append(memberID, to: &bytes)
        Self.append(from.rawValue, to: &bytes)
        Self.append(to.rawValue, to: &bytes)
        Self.append(points, to: &bytes)
        for (index, move) in lots.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes.append(contentsOf: move.lot.utf8)
            bytes.append(UInt8(ascii: ":"))
            Self.append(move.points, to: &bytes)
            bytes.removeLast()
        }
        bytes.append(UInt8(ascii: "\n"))
        Self.append(kind.rawValue, to: &bytes)
        Self.append(at.milliseconds, to: &bytes)
        bytes.append(contentsOf: cause.utf8)
    }

    private static func append(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: text.utf8)
        bytes.append(UInt8(ascii: "\n"))
    }

    private static func append(_ number: Int64, to bytes: inout [UInt8]) {
        var rest = number.magnitude
        if number < 0 { bytes.append(UInt8(ascii: "-")) }
        let first = bytes.count
        repeat {
            bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        } while rest > 0
        bytes[first...].reverse()
        bytes.append(UInt8(ascii: "\n"))
    }
}

/// A member's points in one look. Each is the sum over the ledger, kept beside it so that no one has to add up.
public struct MemberCounters: Sendable, Equatable {
    public var active: Int64 = 0
    public var pending: Int64 = 0
    /// Held for redemptions that are not settled.
    public var reserved: Int64 = 0
    public var debt: Int64 = 0
    /// All points ever credited, adjustments included, less what was clawed back.
    public var lifetimeEarned: Int64 = 0
    /// All points redeemed, less what was given back.
    public var lifetimeSpent: Int64 = 0

    public init(
        active: Int64 = 0, pending: Int64 = 0, reserved: Int64 = 0, debt: Int64 = 0, lifetimeEarned: Int64 = 0, lifetimeSpent: Int64 = 0
    ) {
        self.active = active
        self.pending = pending
        self.reserved = reserved
        self.debt = debt
        self.lifetimeEarned = lifetimeEarned
        self.lifetimeSpent = lifetimeSpent
    }

    /// Spendable now; negative while the member owes points.
    public var balance: Int64 { active - debt }

    /// Counts one transfer in. False, and nothing changed, where a counter would pass what 64 bits hold.
    public mutating func count(from: LedgerAccount, to: LedgerAccount, points: Int64) -> Bool {
        var next = self
        var fits = true
        func add(_ counter: inout Int64, _ amount: Int64) {
            let (sum, overflow) = counter.addingReportingOverflow(amount)
            counter = sum
            if overflow { fits = false }
        }
        func move(_ account: LedgerAccount, _ amount: Int64) {
            switch account {
            case .memberActive: add(&next.active, amount)
            case .memberPending: add(&next.pending, amount)
            case .memberDebt: add(&next.debt, -amount)
            case .reserved: add(&next.reserved, amount)
            case .issued, .redeemed, .expired, .clawedBack, .adjusted, .merged: break
            }
        }
        move(from, -points)
        move(to, points)
        if from == .issued || (from == .adjusted && to.isMembers) { add(&next.lifetimeEarned, points) }
        if to == .clawedBack { add(&next.lifetimeEarned, -points) }
        // What moves between two accounts of one person moves what both have earned: with all that was earned, wherever it is by now.
        if from == .merged { add(&next.lifetimeEarned, points) }
        if to == .merged { add(&next.lifetimeEarned, -points) }
        if to == .redeemed { add(&next.lifetimeSpent, points) }
        if from == .redeemed { add(&next.lifetimeSpent, -points) }
        if fits { self = next }
        return fits
    }
}
