import MessagingDomain
import Shared

/// The one flow that a fresh suite has published: one mail an order, with the points it earned.
enum OrderConfirmationFlow {
    static let id = "order_confirmation"
    static let name: JSON = ["en": "Order confirmation", "tr": "Sipariş onayı"]

    /// Begins when an order is placed (or paid without having been). Points are earned when it is paid: where that happens within the
    /// minute the mail shows them, and a mail about an order paid days later does not wait for it. The look-back is for `points.earned`
    /// overtaking the order: they come from two publishers.
    static let definition = FlowDefinition(
        messageClass: .transactional,
        trigger: .init(event: "order.placed", key: "order_id"),
        exits: [.init(event: "order.cancelled")],
        reentry: .once,
        nodes: [
            FlowNode(
                id: "points",
                kind: .waitFor(
                    .init(event: "points.earned", key: "order_id", timeoutSeconds: 60, lookbackSeconds: 3_600, onTimeout: "mail")),
                next: "mail"),
            FlowNode(id: "mail", kind: .send(templateID: OrderConfirmationTemplate.id), next: nil),
        ])
}

extension OrderConfirmationFlow {
    static let preset = FlowPreset(
        id: id, name: name,
        description: [
            "en": "One mail for each order, with its lines, its sums and the points that it earned.",
            "tr": "Her sipariş için tek e-posta: ürünler, tutarlar ve kazanılan puanlar.",
        ],
        definition: definition, templates: [BuiltInTemplate(id: OrderConfirmationTemplate.id, content: OrderConfirmationTemplate.content)])
}
