import Foundation
import SharedTesting
import Testing

@testable import MessagingService

@Suite("SMTP delivery", .serialized)
struct SMTPTransportTests {
    @Test func `a Turkish mail arrives as it was written`() async throws {
        let text = "Sayın Ayşe,\n\n.nokta ile başlayan satır\nŞu an \"€ 12,50 = 125 puan\" kazandınız. \nSon"
        let html = "<p>" + String(repeating: "İyi günler, çok uzun bir satır; ", count: 60) + "</p>"
        let token = String(repeating: "t", count: 120)
        let sent = try mail(
            subject: "Siparişiniz için teşekkürler: 125 puan kazandınız, ödülünüz sizi bekliyor 🎁", text: text, html: html,
            headers: [
                .init(name: "List-Unsubscribe", value: "<https://shop.example/u/\(token)>, <mailto:u@shop.example>"),
                .init(name: "List-Unsubscribe-Post", value: "List-Unsubscribe=One-Click"),
            ])
        try await withSMTPSink { sink in
            let result = try await withSMTPTransport("smtp://127.0.0.1:\(sink.port)") { await $0.deliver(sent) }
            #expect(result == .accepted(response: "250 2.0.0 Ok: queued as 000001"))
            let got = try #require(try sink.events("mail").first)
            #expect(got.subject == sent.subject)
            #expect(got.fromName == "Çınar Kitabevi")
            #expect(got.toName == "Ayşe Gül Iğdır")
            #expect(got.from == "siparis@cinar.example")
            #expect(got.to == ["ayse@example.com"])
            #expect(got.messageId == "<msg_01@mail.vefa.test>")
            #expect(got.header("Date") == "Sat, 21 Nov 2026 09:05:07 +0000")
            #expect(got.header("List-Unsubscribe") == sent.headers[0].value)
            #expect(got.header("List-Unsubscribe-Post") == sent.headers[1].value)
            #expect(got.text?.replacing("\r\n", with: "\n") == text + "\n")
            #expect(got.html?.replacing("\r\n", with: "\n") == html + "\n")
            #expect(got.tls == false)
            #expect(try sink.bytes(of: got) == Data(sent.message()))
        }
    }

    @Test func `smtp uses STARTTLS where it is offered`() async throws {
        try await withSMTPSink("--tls", "starttls") { sink in
            let sent = try mail()
            let result = try await withSMTPTransport("smtp://127.0.0.1:\(sink.port)") { await $0.deliver(sent) }
            #expect(result.isAccepted)
            #expect(try sink.events("mail").map(\.tls) == [true])
        }
    }

    @Test func `STARTTLS demanded but not offered sends nothing`() async throws {
        try await withSMTPSink { sink in
            let sent = try mail()
            let result = try await withSMTPTransport("smtp+starttls://127.0.0.1:\(sink.port)") { await $0.deliver(sent) }
            #expect(result.isDeferred, "\(result)")
            #expect(try sink.events("mail").isEmpty)
        }
    }

    @Test(arguments: [("smtp+starttls", "starttls"), ("smtps", "implicit")])
    func `a demanded certificate has to be one we trust`(scheme: String, tls: String) async throws {
        try await withSMTPSink("--tls", tls, "--require-tls") { sink in
            let url = "\(scheme)://127.0.0.1:\(sink.port)"
            let sent = try mail()
            let refused = try await withSMTPTransport(url) { await $0.deliver(sent) }
            #expect(refused.isDeferred && refused.words.contains("certificate"), "\(refused)")
            #expect(try sink.events("mail").isEmpty)
            for options in ["?ca=\(try #require(sink.ca))", "?verify=off"] {
                let result = try await withSMTPTransport(url + options) { await $0.deliver(sent) }
                #expect(result.isAccepted, "\(result)")
            }
            #expect(try sink.events("mail").map(\.tls) == [true, true])
        }
    }

    @Test func `the login is percent-decoded, and a refused one is deferred without the password`() async throws {
        try await withSMTPSink("--auth", "vefa@shop:p@ss wörd/1", "--require-auth") { sink in
            let sent = try mail()
            let server = "127.0.0.1:\(sink.port)"
            let right = try await withSMTPTransport("smtp://vefa%40shop:p%40ss%20w%C3%B6rd%2F1@\(server)") { await $0.deliver(sent) }
            #expect(right.isAccepted, "\(right)")
            #expect(try sink.events("mail").map(\.user) == ["vefa@shop"])
            let wrong = try await withSMTPTransport("smtp://vefa%40shop:hunter2-secret@\(server)") { await $0.deliver(sent) }
            guard case .deferred(code: 535, let detail) = wrong else { throw SMTPSink.Failure(reason: "\(wrong)") }
            #expect(!detail.contains("hunter2"))
            let without = try await withSMTPTransport("smtp://\(server)") { await $0.deliver(sent) }
            guard case .deferred(code: 530, _) = without else { throw SMTPSink.Failure(reason: "\(without)") }
        }
    }

    @Test(arguments: [
        ("defer", DeliveryResult.deferred(code: 451, detail: "RCPT TO: 451 4.3.0 Come back later")),
        ("defer-data", .deferred(code: 451, detail: "the message: 451 4.3.1 No room just now")),
        ("reject", .rejected(code: 550, detail: "RCPT TO: 550 5.1.1 No such user here")),
        ("reject-data", .rejected(code: 554, detail: "the message: 554 5.7.1 We do not like this message")),
    ])
    func `the server's verdict is told from its code, and the next mail is not touched by it`(
        recipient: String, expected: DeliveryResult
    ) async throws {
        try await withSMTPSink { sink in
            let bad = try mail(id: "bad@x.test", to: "\(recipient)@example.com")
            let good = try mail(id: "good@x.test")
            let results = try await withSMTPTransport("smtp://127.0.0.1:\(sink.port)") { [await $0.deliver(bad), await $0.deliver(good)] }
            #expect(results[0] == expected)
            #expect(results[1].isAccepted)
            #expect(try sink.events("mail").map(\.messageId) == ["<good@x.test>"])
        }
    }

    @Test func `a mail nobody answered for is unknown, not resent, and leaves no stray answer for the next`() async throws {
        try await withSMTPSink { sink in
            var limits = SMTPLimits()
            limits.timeout = 3000
            let url = "smtp://127.0.0.1:\(sink.port)"
            for recipient in ["drop", "slow"] {
                let lost = try mail(id: "\(recipient)@x.test", to: "\(recipient)@example.com")
                let next = try mail(id: "after.\(recipient)@x.test")
                let results = try await withSMTPTransport(url, limits: limits) { [await $0.deliver(lost), await $0.deliver(next)] }
                #expect(results[0].isUnknown, "\(results[0])")
                #expect(results[1].isAccepted, "\(results[1])")
            }
            let arrived = try sink.events("mail").map(\.messageId)
            #expect(arrived == ["<drop@x.test>", "<after.drop@x.test>", "<slow@x.test>", "<after.slow@x.test>"])
        }
    }

    @Test(arguments: ["hangup", "hangup-data"])
    func `a connection that breaks before the message is out defers the mail`(recipient: String) async throws {
        try await withSMTPSink { sink in
            // More than the sockets' buffers hold, so that the message cannot be out.
            let big = try mail(to: "\(recipient)@example.com", html: String(repeating: "0123456789abcde\n", count: 400_000))
            let result = try await withSMTPTransport("smtp://127.0.0.1:\(sink.port)") { await $0.deliver(big) }
            #expect(result.isDeferred, "\(result)")
        }
    }

    @Test func `a server that is down or silent defers the mail`() async throws {
        let sent = try mail()
        let port = try await withSMTPSink { $0.port }
        let down = try await withSMTPTransport("smtp://127.0.0.1:\(port)") { await $0.deliver(sent) }
        guard case .deferred(code: nil, _) = down else { throw SMTPSink.Failure(reason: "\(down)") }

        try await withSMTPSink("--stall") { sink in
            var limits = SMTPLimits()
            limits.connectTimeout = 300
            let silent = try await withSMTPTransport("smtp://127.0.0.1:\(sink.port)", limits: limits) { await $0.deliver(sent) }
            guard case .deferred(code: nil, _) = silent else { throw SMTPSink.Failure(reason: "\(silent)") }
        }
    }
}

@Suite("SMTP connections", .serialized)
struct SMTPConnectionTests {
    @Test func `mails one after the other share a connection`() async throws {
        try await withSMTPSink { sink in
            let mails = try (1...10).map { try mail(id: "m\($0)@x.test") }
            try await withSMTPTransport("smtp://127.0.0.1:\(sink.port)") { transport in
                for mail in mails {
                    let result = await transport.deliver(mail)
                    #expect(result.isAccepted, "\(result)")
                }
            }
            #expect(try sink.events("connected").count == 1)
            #expect(try sink.events("mail").map(\.messageId) == mails.map { "<\($0.messageID)>" })
        }
    }

    @Test func `many mails at once share the allowed connections, each arrives once`() async throws {
        try await withSMTPSink("--raw") { sink in
            let mails = try (1...400).map { try mail(id: "m\($0)@x.test", text: "mail <\($0)>") }
            let results = try await withSMTPTransport("smtp://127.0.0.1:\(sink.port)") { transport in
                await withTaskGroup(of: DeliveryResult.self) { group in
                    for mail in mails { group.addTask { await transport.deliver(mail) } }
                    return await group.reduce(into: []) { $0.append($1) }
                }
            }
            #expect(results.count == 400 && results.allSatisfy(\.isAccepted))
            #expect(try (1...4).contains(sink.events("connected").count))
            let arrived = try sink.events("mail").map { try sink.bytes(of: $0) }
            #expect(Set(arrived) == Set(mails.map { Data($0.message()) }))
            #expect(arrived.count == 400)
        }
    }

    @Test func `a connection the server has closed meanwhile is replaced without a deferral`() async throws {
        try await withSMTPSink("--idle", "0.3", "--announce") { sink in
            let mails = try (1...2).map { try mail(id: "m\($0)@x.test") }
            try await withSMTPTransport("smtp://127.0.0.1:\(sink.port)") { transport in
                #expect(await transport.deliver(mails[0]).isAccepted)
                _ = try await sink.next("closed")
                #expect(await transport.deliver(mails[1]).isAccepted)
            }
            #expect(try sink.events("connected").count == 2)
        }
    }

    @Test func `a relay that takes so many mails a connection gets the next one over a new connection`() async throws {
        try await withSMTPSink("--mails-per-connection", "2") { sink in
            let mails = try (1...5).map { try mail(id: "m\($0)@x.test") }
            try await withSMTPTransport("smtp://127.0.0.1:\(sink.port)") { transport in
                for mail in mails {
                    let result = await transport.deliver(mail)
                    #expect(result.isAccepted, "\(result)")
                }
            }
            #expect(try sink.events("connected").count == 3)
            #expect(try sink.events("mail").count == 5)
        }
    }

    @Test func `a connection nobody needs is closed`() async throws {
        try await withSMTPSink("--announce") { sink in
            var limits = SMTPLimits()
            limits.idle = 50
            let sent = try mail()
            try await withSMTPTransport("smtp://127.0.0.1:\(sink.port)", limits: limits) { transport in
                #expect(await transport.deliver(sent).isAccepted)
                _ = try await sink.next("closed")
                #expect(await transport.deliver(sent).isAccepted)
            }
        }
    }

    @Test func `a cancelled delivery gives up, whether it waits for the server or for its turn`() async throws {
        try await withSMTPSink("--stall", "--announce") { sink in
            var limits = SMTPLimits()
            limits.connections = 1
            let (first, second) = (try mail(id: "first@x.test"), try mail(id: "second@x.test"))
            try await withSMTPTransport("smtp://127.0.0.1:\(sink.port)", limits: limits) { transport in
                let sending = Task { await transport.deliver(first) }
                _ = try await sink.next("connected")
                let waiting = Task { await transport.deliver(second) }
                waiting.cancel()
                #expect(await waiting.value.isDeferred)
                sending.cancel()
                #expect(await sending.value.isDeferred)
            }
        }
    }

    @Test func `a shutdown gives up on a silent server and takes no more mails`() async throws {
        try await withSMTPSink("--stall", "--announce") { sink in
            let sent = try mail()
            try await withSMTPTransport("smtp://127.0.0.1:\(sink.port)") { transport in
                let sending = Task { await transport.deliver(sent) }
                _ = try await sink.next("connected")
                await transport.shutdown()
                #expect(await sending.value.isDeferred)
                #expect(await transport.deliver(sent) == .deferred(code: nil, detail: "shutting down"))
            }
        }
    }
}
