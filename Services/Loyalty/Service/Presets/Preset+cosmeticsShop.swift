import LoyaltyDomain
import Shared

extension Preset {
    /// Modelled on a cosmetics shop. One rule gives 2 points per 1.00; the tiers multiply it by 1, 2 and 3: exactly 2, 4 and 6.
    static let cosmeticsShop = Preset(
        id: "cosmetics_shop",
        name: Words(en: "Cosmetics shop", tr: "Kozmetik mağazası"),
        description: Words(
            en: """
                Three tiers that earn 2, 4 and 6 points per 1.00 (by the points earned in 365 days), 5.00 off for 100 points on a new order of \
                10.00 or more, a gift every month, half price in the last hours of the day on 30.00 or more, and points for joining, birthdays, \
                following and reviews. Rules that give points per amount are paused while it is loaded.
                """,
            tr: """
                1,00 başına 2, 4 ve 6 puan kazandıran üç seviye (365 günde kazanılan puana göre), 10,00 ve üzeri yeni siparişte 100 puana \
                5,00 indirim, her ay bir hediye, günün son saatlerinde 30,00 ve üzerine yarı fiyat; üyelik, doğum günü, takip ve yorum \
                puanları. Yüklü kaldığı sürece tutara göre puan veren kurallar duraklatılır.
                """),
        items: tiers + rules + rewards + offers)

    private static let tiers: [Item] = [
        tier("Glow", "Işıltı", from: 0, multiplier: 1, perks: []),
        tier(
            "Radiance", "Parıltı", from: 500, multiplier: 2,
            perks: [["kind": "early_access", "name": "New collections a day early", "hours": 24]]),
        tier(
            "Icon", "İkon", from: 2_000, multiplier: 3,
            perks: [
                ["kind": "early_access", "name": "New collections two days early", "hours": 48],
                ["kind": "gift", "name": "A gift with the first order of each season"],
                ["kind": "free_shipping", "name": "Free shipping"],
            ]),
    ]

    private static func tier(_ en: String, _ tr: String, from threshold: Int64, multiplier: Int64, perks: [JSON]) -> Item {
        Item(
            kind: Tier.kind, name: Words(en: en, tr: tr),
            body: [
                "threshold": .int(threshold), "basis": "points_earned", "window": ["kind": "rolling_days", "days": 365],
                "multiplier": .int(multiplier), "grace_days": 30, "perks": .array(perks),
            ])
    }

    private static let rules: [Item] = [
        Item(
            kind: EarningRule.kind, name: Words(en: "2 points per 1.00 spent", tr: "Harcanan her 1,00 için 2 puan"),
            body: ["trigger": "order.paid", "points": ["per_amount": ["points": 2, "amount": 100, "scale": 2]]]),
        rule("Welcome", "Hoş geldin", "customer.created", points: 100, every: nil),
        rule("Birthday", "Doğum günü", "customer.birthday", points: 150, every: nil),
        rule("Followed us", "Bizi takip etti", "social.followed", points: 50, every: "lifetime"),
        rule("Review published", "Yayınlanan yorum", "review.published", points: 25, every: "day"),
    ]

    /// `every`: the points are given once in each such period.
    private static func rule(_ en: String, _ tr: String, _ trigger: String, points: Int64, every: String?) -> Item {
        var body = JSONObject([
            .init(name: "trigger", value: .string(trigger)), .init(name: "points", value: ["fixed": .int(points)]),
        ])
        if let every { body["caps"] = ["per_member": ["points": .int(points), "every": .string(every)]] }
        return Item(kind: EarningRule.kind, name: Words(en: en, tr: tr), body: .object(body))
    }

    private static let rewards: [Item] = [
        Item(
            kind: CatalogueReward.kind, name: Words(en: "5.00 off", tr: "5,00 indirim"),
            body: ["points": 100, "kind": "fixed", "amount": 500, "minimum_order": 1_000])
    ]

    private static let offers: [Item] = [
        Item(
            kind: Offer.kind, name: Words(en: "Gift of the month", tr: "Ayın hediyesi"),
            body: [
                "kind": "gift", "gift": ["product_id": "gift-of-the-month"], "minimum_order": 2_000, "per_customer": ["times": 1, "every": "month"],
            ]),
        Item(
            kind: Offer.kind, name: Words(en: "Last-minute half price", tr: "Son dakika yarı fiyat"),
            body: ["kind": "percent", "percent": 50, "minimum_order": 3_000, "schedule": ["hours": [20, 24]]]),
    ]
}
