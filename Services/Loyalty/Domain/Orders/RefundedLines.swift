import Shared

/// The lines of an order as refunds see them: each with its gross value and with what it is worth after its share of the order's discount.
struct RefundedLines {
    private struct Line {
        let quantity: Int64
        let gross: Int64
        let net: Int64
    }

    private var lines: [Line] = []
    private var indexByID: [String: Int] = [:]

    /// The order's discount is spread over the lines: each bears its own, and what the header has more (or less) than they, in proportion. The shares
    /// are rounded on their running sum, so that they add up exactly.
    init(_ items: [OrderItem], discount: Int64) {
        let gross = items.map { Exact.amount($0.unitPrice, times: $0.quantity) }
        var weights = zip(items, gross).map { max(0, $1 - $0.discount) }
        if weights.allSatisfy({ $0 == 0 }) { weights = gross }
        let weightSum = weights.reduce(Int128(0)) { $0 + Int128($1) }
        let target = max(0, gross.reduce(Int128(0)) { $0 + Int128($1) } - Int128(discount))
        var running: Int128 = 0
        var allotted: Int128 = 0
        for (index, item) in items.enumerated() {
            running += Int128(weights[index])
            // Both factors stay below 2^67, since at most 10,000 lines of 2^53 are read: their product may pass 128 bits, so equal sums go the short way.
            let upToHere = target == weightSum ? running : Self.share(running, of: target, in: weightSum)
            let net = Exact.amount(upToHere - allotted)
            allotted = upToHere
            lines.append(Line(quantity: max(1, item.quantity), gross: gross[index], net: net))
            if let id = item.lineID, indexByID[id] == nil { indexByID[id] = index }
        }
    }

    private static func share(_ part: Int128, of target: Int128, in whole: Int128) -> Int128 {
        guard whole > 0 else { return 0 }
        let (product, overflow) = part.multipliedReportingOverflow(by: target)
        guard !overflow, product < Int128.max / 2 - whole else { return part >= whole ? target : part / whole * target }
        return (product * 2 + whole) / (whole * 2)
    }

    /// By how much the lines named in the refunds lower the basis: by the amounts given, else by the pieces given back (never more than were bought).
    func lowered(_ kind: Basis, by refunds: [RefundData]) -> Int128 {
        var sum: Int128 = 0
        var pieces: [Int: Int64] = [:]
        for refund in refunds {
            for item in refund.items {
                let index = item.lineID.flatMap { indexByID[$0] }
                // A refund's amounts are net ones; for the gross basis the line's price counts where it is known.
                let countsPieces = item.amount == nil || (kind == .gross && item.quantity != nil)
                if let index, countsPieces {
                    pieces[index] = Exact.sum(pieces[index] ?? 0, item.quantity ?? lines[index].quantity)
                } else {
                    sum += Int128(item.amount ?? 0)
                }
            }
        }
        for (index, count) in pieces {
            let line = lines[index]
            sum += Int128(Exact.rounded(kind == .net ? line.net : line.gross, times: min(count, line.quantity), over: line.quantity))
        }
        return sum
    }

    /// What one line of a refund without an amount gives back; 0 for a line the order does not know.
    func value(of item: RefundItem) -> Int64 {
        guard let index = item.lineID.flatMap({ indexByID[$0] }) else { return 0 }
        let line = lines[index]
        return Exact.rounded(line.net, times: min(item.quantity ?? line.quantity, line.quantity), over: line.quantity)
    }
}
