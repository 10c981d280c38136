import MessagingDomain
import Shared
import SharedRuntime

/// A flow that is ready to be started, with the templates it sends.
struct FlowPreset: Sendable {
    let id: String
    let name: JSON
    let description: JSON
    let definition: FlowDefinition
    let templates: [BuiltInTemplate]

    static let all = [OrderConfirmationFlow.preset, AbandonedCartFlow.preset]

    static func find(_ id: String) -> FlowPreset? { all.first { $0.id == id } }

    var json: JSON {
        let whole = definition.json
        return [
            "id": .string(id), "name": name, "description": description, "class": whole["class"] ?? .null,
            "trigger": whole["trigger"] ?? .null,
            "exit": whole["exit"] ?? [], "steps": whole["nodes"] ?? [],
        ]
    }
}

/// A template that Vefa brings along. Once it is there it is the merchant's to edit.
struct BuiltInTemplate: Sendable {
    let id: String
    let content: TemplateContent

    static let all = [
        BuiltInTemplate(id: OrderConfirmationTemplate.id, content: OrderConfirmationTemplate.content), AbandonedCartTemplates.reminder,
        AbandonedCartTemplates.offer, BuiltInTemplate(id: SurveyInvitationTemplate.id, content: SurveyInvitationTemplate.content),
    ]
}
