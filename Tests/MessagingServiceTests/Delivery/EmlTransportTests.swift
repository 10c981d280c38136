import Foundation
import SharedTesting
import Testing

@testable import MessagingService

@Suite("Mails as files")
struct EmlTransportTests {
    @Test func `the file holds what SMTP delivers`() async throws {
        let sent = try mail(text: ".\n..\nbir satır")
        try await withFolder { folder in
            let files = EmlTransport(folder: folder.path)
            #expect(await files.deliver(sent) == .accepted(response: "kept as 2026-11-21/msg_01@mail.vefa.test.eml"))
            await files.shutdown()
            let kept = try Data(contentsOf: folder.appendingPathComponent(EmlTransport.path(of: sent)))
            try await withSMTPSink { sink in
                let result = try await withSMTPTransport("smtp://127.0.0.1:\(sink.port)") { await $0.deliver(sent) }
                #expect(result.isAccepted)
                #expect(try sink.bytes(of: #require(try sink.events("mail").first)) == kept)
            }
        }
    }

    @Test func `many at once leave one whole file each and nothing else`() async throws {
        let mails = try (1...100).map { try mail(id: "m\($0 % 50)@x.test") }
        try await withFolder { folder in
            let files = EmlTransport(folder: folder.path)
            await withTaskGroup(of: DeliveryResult.self) { group in
                for mail in mails { group.addTask { await files.deliver(mail) } }
                for await result in group { #expect(result.isAccepted, "\(result)") }
            }
            await files.shutdown()
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.appendingPathComponent("2026-11-21").path)
            #expect(Set(names) == Set(mails.map { "\($0.messageID).eml" }))
        }
    }

    @Test func `a folder that cannot be made defers the mail and says why`() async throws {
        let sent = try mail()
        try await withFolder { folder in
            try Data("a file".utf8).write(to: folder)
            let files = EmlTransport(folder: folder.path)
            guard case .deferred(code: nil, let detail) = await files.deliver(sent) else {
                Issue.record("not deferred")
                return
            }
            #expect(detail.contains("Not a directory"), "\(detail)")
            await files.shutdown()
        }
    }
}
