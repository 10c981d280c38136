import Shared

/// The lines of an order as refunds see them: each with its gross value and with what it is worth after its share of the order's discount.
struct RefundedLines {
    struct Line {
        let quantity: Int64
        let gross: Int64
        let net: Int64

        func value(_ kind: Basis) -> Int64 { kind == .net ? net : gross }
    }

    private(set) var lines: [Line] = []
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

    /// By how much refunds lower a basis: by line, and what they name no known line for.
    struct Lowered {
        var byLine: [Int: Int128] = [:]
        var elsewhere: Int128 = 0

        var sum: Int128 { byLine.values.reduce(elsewhere, +) }
    }

    /// Lines named in refunds lower the basis by the amounts given, else by the pieces given back (never more than were bought). Each line is reckoned
    /// once, on the sum of what all refunds say of it.
    func lowered(_ kind: Basis, by refunds: [RefundData]) -> Lowered {
        var lowered = Lowered()
        var pieces: [Int: Int64] = [:]
        var amounts: [Int: Int128] = [:]
        for refund in refunds {
            for item in refund.items {
                guard let index = item.lineID.flatMap({ indexByID[$0] }) else {
                    lowered.elsewhere += Int128(item.amount ?? 0)
                    continue
                }
                // A refund's amounts are net ones; for the gross basis the line's price counts where the pieces are known.
                if let amount = item.amount, kind == .net || item.quantity == nil {
                    amounts[index, default: 0] += Int128(amount)
                } else {
                    pieces[index] = Exact.sum(pieces[index] ?? 0, item.quantity ?? lines[index].quantity)
                }
            }
        }
        for (index, amount) in amounts {
            let line = lines[index]
            // An amount without pieces takes the same part of the gross value as of the net one.
            let isShare = kind == .gross && line.net > 0 && line.net != line.gross
            lowered.byLine[index, default: 0] += isShare ? Int128(Exact.rounded(Exact.amount(amount), times: line.gross, over: line.net)) : amount
        }
        for (index, count) in pieces {
            let line = lines[index]
            lowered.byLine[index, default: 0] += Int128(Exact.rounded(line.value(kind), times: min(count, line.quantity), over: line.quantity))
        }
        return lowered
    }

    /// The pieces of each line that are left. A line refunded by amounts alone counts as bought until all its money went back.
    func pieces(after refunds: [RefundData]) -> [Int64] {
        var back: [Int: Int64] = [:]
        var amounts: [Int: Int128] = [:]
        for item in refunds.flatMap(\.items) {
            guard let index = item.lineID.flatMap({ indexByID[$0] }) else { continue }
            if item.quantity == nil, let amount = item.amount {
                amounts[index, default: 0] += Int128(amount)
            } else {
                back[index] = Exact.sum(back[index] ?? 0, item.quantity ?? lines[index].quantity)
            }
        }
        return lines.enumerated().map { index, line in
            if let amount = amounts[index], amount > 0, amount >= Int128(line.net) { return 0 }
            return line.quantity - min(back[index] ?? 0, line.quantity)
        }
    }
}
