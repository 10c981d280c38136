import LoyaltyDomain
import Shared
import SharedStore

extension Quote {
    /// As the API answers it. A storefront hears nothing of offers that are not its shopper's, nor of how conditions came out.
    func json(_ shopper: inout Shopper, isForServer: Bool) throws -> JSON {
        let points = try QuotePoints(self, &shopper)
        let listed = offers.filter { line in
            isForServer || line.verdict.isGood || line.verdict.refusals.allSatisfy(\.reason.isAboutTheCart)
        }
        return [
            "points": points.json,
            "tier": try QuoteTier(self, points: points, &shopper).json,
            "offers": .array(listed.map { json($0, withVerdict: isForServer) }),
            "coupons": .array(coupons.map { json($0, withVerdict: isForServer) }),
            "free_shipping": freeShipping,
            "rewards": try QuoteRewards.json(self, &shopper),
            "totals": totals,
            "stacking": stacking,
        ]
    }

    private func json(_ line: OfferLine, withVerdict: Bool) -> JSON {
        let offer = line.offer
        let taken = outcome.taken[offer.id]
        var object = JSONObject([
            .init(name: "id", value: .string(offer.id)), .init(name: "name", value: .string(offer.name)),
            .init(name: "kind", value: .string(offer.gives.name.rawValue)),
            .init(name: "applied", value: .bool(line.verdict.isGood)), .init(name: "discount", value: .int(taken?.discount ?? 0)),
            .init(name: "items", value: taken.map { $0.items(of: cart) } ?? []),
            .init(name: "missing", value: line.verdict.missing.map { ["amount": .int($0)] } ?? .null),
            .init(name: "reasons", value: .array(line.verdict.refusals.map { $0.json(withVerdict: withVerdict) })),
        ])
        switch offer.gives {
        case .gift(let gift): object["gift"] = gift.json
        case .priceAdjustment:
            object["price_change"] = .int(adjusted.changes[offer.id] ?? 0)
            object["items"] = .array(
                zip(cart.lines, adjusted.lines).filter { $1 == offer.id }.map { line, _ in
                    [
                        "line_id": .from(line.lineID), "product_id": .from(line.productID), "discount": 0,
                        "unit_price": .int(line.item.unitPrice),
                    ]
                })
        default: break
        }
        return .object(object)
    }

    private func json(_ line: CouponLine, withVerdict: Bool) -> JSON {
        let taken = outcome.taken[line.id]
        var reasons = line.verdict.reasons(withVerdict: withVerdict).array ?? []
        if line.verdict.isValid, taken == nil {
            reasons.append(OfferVerdict.Refusal(.notChosen, "What was chosen takes as much or more off.").json(withVerdict: false))
        }
        return [
            "code": .string(line.code), "valid": .bool(line.verdict.isValid), "applied": .bool(taken != nil),
            "discount": .int(taken?.discount ?? 0), "free_shipping": .bool(taken != nil && line.verdict.worth.freeShipping),
            "items": taken.map { $0.items(of: cart) } ?? [], "reasons": .array(reasons),
        ]
    }

    /// Whether shipping is free, and what is missing of the nearest offer that would make it so.
    private var freeShipping: JSON {
        let shipping = offers.filter { $0.offer.gives == .freeShipping }
        let isByCoupon = coupons.contains { outcome.taken[$0.id] != nil && $0.verdict.worth.freeShipping }
        if let reached = shipping.first(where: { $0.verdict.isGood }) {
            return ["reached": true, "missing": 0, "offer": .string(reached.offer.id)]
        }
        if isByCoupon { return ["reached": true, "missing": 0, "offer": .null] }
        let nearest = shipping.filter(\.verdict.lacksOnlyTheMinimum)
            .min { ($0.verdict.missing ?? 0, $0.offer.id) < ($1.verdict.missing ?? 0, $1.offer.id) }
        return ["reached": false, "missing": .from(nearest?.verdict.missing), "offer": .from(nearest?.offer.id)]
    }

    private var totals: JSON {
        let shipping = question.shipping.map { max(0, $0 - shippingDiscount) }
        return [
            "currency": .from((cart.currency ?? catalogue.programme.currency)?.code),
            "subtotal": .int(cart.total), "discount": .int(goodsDiscount), "shipping": .from(question.shipping),
            "shipping_discount": .int(shippingDiscount), "total": .int(Exact.amount(Int128(goodsTotal) + Int128(shipping ?? 0))),
        ]
    }

    private var stacking: JSON {
        func set(_ set: StackedSet) -> [JSONObject.Member] {
            [.init(name: "chosen", value: .from(set.ids)), .init(name: "discount", value: .int(set.discount))]
        }
        let alternatives = outcome.alternatives.sorted { a, b in
            a.value.discount == b.value.discount ? a.key < b.key : a.value.discount > b.value.discount
        }
        var object = JSONObject(set(outcome.chosen))
        object["alternatives"] = .array(
            alternatives.map { id, best in .object(JSONObject([.init(name: "with", value: .string(id))] + set(best))) })
        var rule = catalogue.programme.stacking.json.object ?? JSONObject()
        rule["search"] = .string(outcome.isExact ? "exact" : "greedy")
        object["rule"] = .object(rule)
        return .object(object)
    }
}
