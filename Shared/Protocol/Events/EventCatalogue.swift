/// The event types that Vefa knows the shape of (docs/events.md). Any other type is welcome and free in form.
public enum EventCatalogue {
    /// Notes everything wrong with the data of a catalogue type; passes any other type.
    public static func check(_ type: String, _ data: FieldReader) {
        switch type {
        case "customer.created", "customer.updated", "customer.deleted":
            guard let customer = data.require("customer", data.reader("customer")) else { return }
            _ = customer.requiredString("id", max: CloudEvent.maximumTextLength)
            _ = CustomerData(customer)
        case "customers.merged":
            _ = data.requiredString("from_id", max: CloudEvent.maximumTextLength)
            _ = data.requiredString("into_id", max: CloudEvent.maximumTextLength)
        case "order.placed", "order.paid":
            let order = OrderData(data)
            _ = data.require("currency", order.currency)
            _ = data.require("total", order.total)
        case "order.updated", "order.cancelled":
            _ = OrderData(data)
        case "order.fulfilled", "order.shipped", "order.delayed", "order.delivered":
            _ = ShipmentData(data)
        case "order.refunded":
            _ = RefundData(data)
        case "cart.updated", "checkout.started":
            _ = CartData(data)
        case "product.upserted", "product.deleted", "product.viewed":
            guard let product = data.require("product", data.reader("product")) else { return }
            _ = ProductData(product)
        case "newsletter.subscribed", "newsletter.unsubscribed":
            let email = data.string("email", max: CustomerData.maximumEmail)
            let customer = data.reader("customer").map(CustomerData.init)
            _ = data.strings("topics")
            _ = data.string("source")
            if email == nil, customer?.id == nil, customer?.email == nil, data.object["email"] == nil {
                data.fail("email", "missing", "an e-mail or a customer is required")
            }
        case "social.followed", "social.shared", "social.mentioned":
            _ = data.requiredString("network", max: 64)
            _ = data.reader("customer").map(CustomerData.init)
            _ = data.string("url", max: 4_096)
            _ = data.string("distinct_id")
        case "subscription.started", "subscription.renewed", "subscription.cancelled":
            _ = data.requiredString("subscription_id", max: CloudEvent.maximumTextLength)
            _ = data.reader("customer").map(CustomerData.init)
            _ = data.string("plan")
            _ = data.amount("amount")
            _ = data.currency("currency")
            _ = data.timestamp("next_renewal_at")
        case "page.viewed":
            _ = data.string("url", max: 4_096)
            _ = data.string("visitor_id")
            _ = data.string("referrer", max: 4_096)
            _ = data.reader("customer").map(CustomerData.init)
        default:
            break
        }
    }
}
