import SharedRuntime

/// What a fresh suite has: Vefa's templates, and the order confirmation, published. What is there already, edited or deleted, stays as it is.
enum Defaults {
    static func lay(_ house: House) async throws {
        try await house.write { change in
            for template in BuiltInTemplate.all { try TemplateStore.insert(template.id, template.content, change) }
            try FlowStore.insert(
                OrderConfirmationFlow.id, name: OrderConfirmationFlow.name, preset: OrderConfirmationFlow.id, state: .published,
                OrderConfirmationFlow.definition, change)
        }
    }
}
