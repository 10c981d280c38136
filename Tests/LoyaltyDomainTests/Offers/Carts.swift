import LoyaltyDomain
import Shared

/// A cart of pieces: each line's unit price and quantity.
func pieces(_ lines: [(price: Int64, quantity: Int64)], total: Int64? = nil) -> Cart {
    Cart(
        currency: Currency("TRY"), total: total,
        lines: lines.enumerated().map { index, line in
            Cart.Line(OrderItem(lineID: "\(index)", productID: "p\(index)", quantity: line.quantity, unitPrice: line.price))
        })
}

/// A cart by chance, now and then with a total of its own.
func randomCart(_ chance: inout Chance) -> Cart {
    let lines = (0..<Int(chance.int(0...5))).map { _ in
        (price: chance.coin() ? chance.int(0...5_000) : chance.int(0...4), quantity: chance.int(1...4))
    }
    let sum = lines.reduce(Int64(0)) { $0 + $1.price * $1.quantity }
    let total = chance.int(0...3) == 0 ? chance.int(0...(sum * 2 + 10)) : nil
    return pieces(lines, total: lines.isEmpty ? total ?? 1_000 : total)
}

/// An effect by chance, about the whole cart or some of its lines.
func randomEffect(_ chance: inout Chance, on cart: Cart) -> CartEffect {
    let some: [Bool]? = chance.coin() ? nil : cart.lines.map { _ in chance.coin() }
    switch chance.int(0...6) {
    case 0, 1:
        return CartEffect(.percent(basisPoints: chance.int(1...10_000), maximum: chance.coin() ? chance.int(1...2_000) : nil), lines: some)
    case 2: return CartEffect(.fixed(chance.int(1...6_000)), lines: some)
    case 3: return CartEffect(.pieces(chance.int(1...5)), lines: some)
    case 4:
        let terms = BuyGet(
            buy: chance.int(1...3), get: chance.int(1...3), basisPoints: chance.int(1...10_000),
            maxTimes: chance.coin() ? nil : chance.int(1...3))
        return CartEffect(.buyGet(terms), lines: some, getLines: chance.coin() ? nil : cart.lines.map { _ in chance.coin() })
    case 5: return CartEffect(.freeShipping)
    default: return CartEffect(.gift)
    }
}

func reader(_ json: JSON, _ issues: FieldIssues = FieldIssues()) -> FieldReader { FieldReader(body: json, issues: issues) }

/// An offer as the API takes it, active and for everybody unless `more` says otherwise.
func offer(_ kind: String, _ more: [String: JSON] = [:], id: String = "offer_1", issues: FieldIssues = FieldIssues()) -> Offer? {
    var object = JSONObject([.init(name: "name", value: "an offer"), .init(name: "kind", value: .string(kind))])
    for (name, value) in more { object[name] = value }
    return Offer(reader(.object(object), issues), id: id, version: 1)
}
