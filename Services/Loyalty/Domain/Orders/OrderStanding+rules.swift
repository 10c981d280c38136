import Shared

extension OrderStanding {
    /// What a rule reckons from, whole and after refunds: minor units, or pieces. Everything is reckoned on the sums of all refunds, so that neither
    /// their order nor their splitting matters:
    ///
    /// - Chosen lines: each is worth its share after the order's discount, and falls by what refunds name it for, never below 0; refunds without lines
    ///   (and amounts for lines that nobody knows) lower them in proportion.
    /// - Pieces: those not given back; a refund without lines leaves them until the whole order is refunded.
    /// - Tax falls as the lines do; shipping falls by what refunds with lines gave back beyond the lines and their tax; refunds without lines lower
    ///   both in proportion.
    public func basis(of rule: EarningRule) -> (full: Int64, remaining: Int64) {
        switch rule.award {
        case .perItem: pieces(of: rule)
        case .perAmount where rule.items != nil: chosenLines(of: rule)
        case .perAmount where !rule.include.isEmpty: withExtras(of: rule)
        case .perAmount, .fixed: (full(rule.basis), remaining(rule.basis))
        }
    }

    private func chosen(by condition: Condition?) -> [Int] {
        guard let condition else { return Array(items.indices) }
        return items.indices.filter { condition.verdict(ConditionFacts(["item": items[$0].json], now: .epoch)).holds }
    }

    private func pieces(of rule: EarningRule) -> (Int64, Int64) {
        let chosen = chosen(by: rule.items)
        let full = chosen.reduce(0) { $0 + items[$1].quantity }
        guard !refunds.isEmpty, !chosen.isEmpty else { return (full, full) }
        guard !isFullyRefunded else { return (full, 0) }
        let left = RefundedLines(items, discount: amounts.discount).pieces(after: refunds)
        return (full, chosen.reduce(0) { $0 + left[$1] })
    }

    private func chosenLines(of rule: EarningRule) -> (Int64, Int64) {
        let chosen = chosen(by: rule.items)
        guard !chosen.isEmpty else { return (0, 0) }
        let lines = RefundedLines(items, discount: amounts.discount)
        let full = Exact.amount(chosen.reduce(Int128(0)) { $0 + Int128(lines.lines[$1].value(rule.basis)) })
        guard !refunds.isEmpty else { return (full, full) }
        guard !isFullyRefunded else { return (full, 0) }
        let lowered = lines.lowered(rule.basis, by: refunds)
        var fallen: Int128 = 0
        for index in chosen { fallen += min(lowered.byLine[index] ?? 0, Int128(lines.lines[index].value(rule.basis))) }
        fallen += Int128(Exact.rounded(Self.withoutLines(refunds), times: full, over: amounts.total))
        fallen += Int128(Exact.rounded(Exact.amount(lowered.elsewhere), times: full, over: self.full(rule.basis)))
        return (full, Exact.amount(Int128(full) - fallen))
    }

    private func withExtras(of rule: EarningRule) -> (Int64, Int64) {
        let tax = rule.include.contains(.tax) ? taxOnTop : 0
        let shipping = rule.include.contains(.shipping) ? shipping : 0
        let full = Exact.amount(Int128(self.full(rule.basis)) + Int128(tax) + Int128(shipping))
        guard !refunds.isEmpty else { return (full, full) }
        guard !isFullyRefunded else { return (full, 0) }
        let lines = RefundedLines(items, discount: amounts.discount)
        let byLines = refunds.filter { !$0.items.isEmpty }
        var fallen = lines.lowered(rule.basis, by: byLines).sum
        fallen += Int128(taxShare(tax, of: lines.lowered(.net, by: byLines).sum))
        if shipping > 0 {
            let saidAmounts = byLines.filter { $0.amount != nil }
            let goods = lines.lowered(.net, by: saidAmounts).sum
            let money = saidAmounts.reduce(Int128(0)) { $0 + Int128($1.amount ?? 0) }
            fallen += min(max(0, money - goods - Int128(taxShare(taxOnTop, of: goods))), Int128(shipping))
        }
        fallen += Int128(Exact.rounded(Self.withoutLines(refunds), times: full, over: amounts.total))
        return (full, Exact.amount(Int128(full) - fallen))
    }

    /// The tax on so much of the goods' net value.
    private func taxShare(_ tax: Int64, of goods: Int128) -> Int64 {
        Exact.rounded(tax, times: min(Exact.amount(goods), fullNet), over: fullNet)
    }
}
