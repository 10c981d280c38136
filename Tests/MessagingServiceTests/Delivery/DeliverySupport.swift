import Foundation

@testable import MessagingService

/// 2026-11-21 09:05:07.250 UTC, a Saturday.
let morning: Int64 = 1_795_251_907_250

func mail(
    id: String = "msg_01@mail.vefa.test", to: String = "ayse@example.com", subject: String = "Siparişiniz yolda", text: String = "Merhaba",
    html: String = "<p>Merhaba</p>", headers: [OutgoingMail.Header] = []
) throws -> OutgoingMail {
    try OutgoingMail(
        messageID: id, from: Mailbox(name: "Çınar Kitabevi", address: "siparis@cinar.example"),
        to: Mailbox(name: "Ayşe Gül Iğdır", address: to), subject: subject, text: text, html: html, date: morning, headers: headers)
}

/// A transport to the sink, shut down afterwards.
func withSMTPTransport<Result>(
    _ url: String, limits: SMTPLimits = SMTPLimits(), body: (SMTPTransport) async throws -> Result
) async throws -> Result {
    let transport = try SMTPTransport(server: SMTPServer(url: url), limits: limits)
    do {
        let result = try await body(transport)
        await transport.shutdown()
        return result
    } catch {
        await transport.shutdown()
        throw error
    }
}

/// A folder of one's own, removed afterwards.
func withFolder<Result>(_ body: (URL) async throws -> Result) async throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("vefa-mail-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    return try await body(folder)
}

extension DeliveryResult {
    var isAccepted: Bool { if case .accepted = self { true } else { false } }
    var isDeferred: Bool { if case .deferred = self { true } else { false } }
    var isUnknown: Bool { if case .unknown = self { true } else { false } }

    /// Whatever it says.
    var words: String {
        switch self {
        case .accepted(let response): response
        case .deferred(_, let detail), .rejected(_, let detail), .unknown(let detail): detail
        }
    }
}
