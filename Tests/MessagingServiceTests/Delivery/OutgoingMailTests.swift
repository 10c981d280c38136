import Foundation
import Testing

@testable import MessagingService

@Suite("Mails")
struct OutgoingMailTests {
    @Test(arguments: ["\r\n", "\n", "\r", "\0"])
    func `no text can smuggle a header in`(breaker: String) {
        let evil = "a\(breaker)Bcc: everyone@example.com"
        #expect(throws: InvalidMail.lineBreak(field: "Subject")) { try mail(subject: evil) }
        #expect(throws: InvalidMail.lineBreak(field: "name")) { try Mailbox(name: evil, address: "a@b.example") }
        #expect(throws: InvalidMail.lineBreak(field: "List-Id")) { try mail(headers: [.init(name: "List-Id", value: evil)]) }
        #expect(throws: InvalidMail.headerName("X\(breaker)Y")) { try mail(headers: [.init(name: "X\(breaker)Y", value: "1")]) }
        #expect(throws: InvalidMail.address("a@b.example\(breaker)")) { try Mailbox(address: "a@b.example\(breaker)") }
        #expect(throws: InvalidMail.messageID("a@b\(breaker)c")) { try mail(id: "a@b\(breaker)c") }
    }

    @Test(arguments: ["ayse@example.com", "a.b+c_d-e@x.y.example", "a..b@docomo.example", "o'neil@example.com", "a@localhost"])
    func `an address we can send to`(address: String) throws {
        #expect(try Mailbox(address: address).address == address)
    }

    @Test(arguments: [
        "", "@", "a", "a@", "@b", "a@b@c", "a b@c.example", "a@b c", "a>b@c.example", "\"a b\"@c.example", "a@b..c", "a@[127.0.0.1]",
        "a,b@c.example",
        "a@b\t", "a@\(String(repeating: "b", count: 253))",
    ])
    func `an address nobody can send to is refused`(address: String) {
        #expect(throws: InvalidMail.address(address)) { try Mailbox(address: address) }
    }

    @Test(arguments: ["ayşe@example.com", "ayse@kitapçı.example"])
    func `an address outside ASCII is refused as such`(address: String) {
        #expect(throws: InvalidMail.internationalAddress(address)) { try Mailbox(address: address) }
    }

    @Test(arguments: ["", "a", "<a@b>", "a@b@c", "../a@b", "a/b@c", ".a@b", "a b@c", "a@\(String(repeating: "b", count: 200))"])
    func `a message id that is no file name is refused`(id: String) {
        #expect(throws: InvalidMail.messageID(id)) { try mail(id: id) }
    }

    @Test(arguments: ["Subject", "bcc", "TO", "Content-Type", "a b", "X:", "", "Şu"])
    func `a header of the message itself, or no header at all, is refused`(name: String) {
        #expect(throws: InvalidMail.headerName(name)) { try mail(headers: [.init(name: name, value: "x")]) }
    }

    @Test func `a header that cannot be folded is refused`() {
        #expect(throws: InvalidMail.tooLong(field: "X-Long")) {
            try mail(headers: [.init(name: "X-Long", value: String(repeating: "x", count: 901))])
        }
    }

    @Test(arguments: [Int64(-1), 253_402_300_800_000, .max])
    func `a date outside 1970 to 9999 is refused`(date: Int64) throws {
        let box = try Mailbox(address: "a@b.example")
        #expect(throws: InvalidMail.date(date)) {
            try OutgoingMail(messageID: "a@b", from: box, to: box, subject: "", text: "", html: "", date: date)
        }
    }

    @Test(arguments: [
        (Int64(0), "Thu, 01 Jan 1970 00:00:00 +0000", "1970-01-01"),
        (951_782_400_000, "Tue, 29 Feb 2000 00:00:00 +0000", "2000-02-29"),
        (morning, "Sat, 21 Nov 2026 09:05:07 +0000", "2026-11-21"),
        (253_402_300_799_999, "Fri, 31 Dec 9999 23:59:59 +0000", "9999-12-31"),
    ])
    func `a date reads as RFC 5322 has it`(milliseconds: Int64, header: String, folder: String) {
        #expect(MailDate(milliseconds: milliseconds).header == header)
        #expect(MailDate(milliseconds: milliseconds).folder == folder)
    }

    @Test func `the message is ASCII in short lines ended by CRLF`() throws {
        let words = String(repeating: "ığüşöç ", count: 300)
        let long = words + String(repeating: "x", count: 3000)
        let message = try mail(subject: long, text: long, html: long, headers: [.init(name: "X-Note", value: words)]).message()
        #expect(message.allSatisfy { $0 < 0x80 && $0 != 0 })
        let lines = String(decoding: message, as: UTF8.self).components(separatedBy: "\r\n")
        #expect(lines.allSatisfy { $0.utf8.count <= 76 && !$0.utf8.contains(0x0D) && !$0.utf8.contains(0x0A) })
        #expect(lines.last == "")
    }

    @Test(arguments: [
        ("Acme Store", "From: Acme Store <a@b.example>"),
        ("Acme, Inc.", "From: \"Acme, Inc.\" <a@b.example>"),
        ("A \"B\" \\ C", "From: \"A \\\"B\\\" \\\\ C\" <a@b.example>"),
        ("Ayşe", "From: =?UTF-8?Q?Ay=C5=9Fe?= <a@b.example>"),
        ("=?UTF-8?Q?x?=", "From: =?UTF-8?Q?=3D=3FUTF-8=3FQ=3Fx=3F=3D?= <a@b.example>"),
        ("", "From: a@b.example"),
    ])
    func `a name is written as its characters ask for`(name: String, expected: String) throws {
        let box = try Mailbox(name: name, address: "a@b.example")
        var writer = HeaderWriter()
        writer.field("From", mailbox: box)
        #expect(String(decoding: writer.bytes, as: UTF8.self) == expected + "\r\n")
    }

    @Test(arguments: [
        ("a=b", "a=3Db\r\n"), ("a \nb\t", "a=20\r\nb=09\r\n"), ("a\rb\r\nc\n", "a\r\nb\r\nc\r\n"), ("", ""), ("ş\0", "=C5=9F=00\r\n"),
        (String(repeating: "x", count: 76), String(repeating: "x", count: 75) + "=\r\nx\r\n"),
        (String(repeating: "x", count: 73) + "=", String(repeating: "x", count: 73) + "=\r\n=3D\r\n"),
    ])
    func `quoted-printable keeps lines short and their ends visible`(text: String, expected: String) {
        var output: [UInt8] = []
        QuotedPrintable.append(text, to: &output)
        #expect(String(decoding: output, as: UTF8.self) == expected)
    }
}
