import MessagingDomain
import Shared

/// Two mails to whoever leaves a cart: a reminder an hour after its last change, and a day later the best offer, with a coupon of its own.
enum AbandonedCartFlow {
    static let preset = FlowPreset(
        id: "abandoned_cart",
        name: ["en": "Abandoned cart", "tr": "Terk edilen sepet"],
        description: [
            "en": "A reminder one hour after the cart was last changed, and after 24 hours the best offer with a coupon. An order ends it.",
            "tr":
                "Sepette yapılan son değişiklikten bir saat sonra hatırlatma, 24 saat sonra kuponlu en iyi teklif. Sipariş verilince durur.",
        ],
        definition: definition, templates: [AbandonedCartTemplates.reminder, AbandonedCartTemplates.offer])

    /// The cart goes on being the run's as it changes, and until the reminder is out the hour starts anew. One that is emptied ends the run. The same
    /// cart is written about once in a week.
    private static let definition = FlowDefinition(
        messageClass: .marketing,
        trigger: .init(
            event: "cart.updated",
            filter: .all([
                .test(.init(field: "cart.items", op: .exists, value: true)), .test(.init(field: "cart.total", op: .gt, value: 0)),
            ]),
            key: "cart_id", also: ["checkout.started"]),
        exits: [.init(event: "order.placed")],
        reentry: .afterDays(7), onRepeat: .restart,
        nodes: [
            FlowNode(id: "hour", kind: .wait(seconds: 3_600), next: "reminder"),
            FlowNode(id: "reminder", kind: .send(templateID: AbandonedCartTemplates.reminder.id), next: "day"),
            // 24 hours after the cart was left: the hour is part of them.
            FlowNode(id: "day", kind: .wait(seconds: 23 * 3_600), next: "offer"),
            FlowNode(
                id: "offer",
                kind: .send(
                    templateID: AbandonedCartTemplates.offer.id,
                    coupon: CouponOffer(discount: .percent(basisPoints: 1_000, maximum: nil), validDays: 7)), next: nil),
        ])
}
