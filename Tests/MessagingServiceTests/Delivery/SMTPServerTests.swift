import CLibCurl
import Foundation
import Testing

@testable import MessagingService

@Suite("SMTP URLs")
struct SMTPServerTests {
    @Test(arguments: [
        ("smtp://mail.example", SMTPServer.Security.startTLSWhereOffered, "mail.example", 25, false),
        ("smtp://127.0.0.1:1025/", .startTLSWhereOffered, "127.0.0.1", 1025, false),
        ("SMTP+STARTTLS://mail.example", .startTLS, "mail.example", 587, true),
        ("smtps://[::1]", .tls, "[::1]", 465, true),
        ("smtps://[2001:db8::1]:4650?verify=off", .tls, "[2001:db8::1]", 4650, false),
        ("smtp://mail_relay?verify=on", .startTLSWhereOffered, "mail_relay", 25, true),
        ("smtp://relay:26?ca=/etc/ca.pem", .startTLSWhereOffered, "relay", 26, true),
    ])
    func `each form names a security, a host and a port`(
        url: String, security: SMTPServer.Security, host: String, port: Int, verifies: Bool
    ) throws {
        let server = try SMTPServer(url: url)
        #expect(server.security == security)
        #expect(server.host == host)
        #expect(Int(server.port) == port)
        #expect(server.verifies == verifies)
        #expect(server.user == nil)
    }

    @Test func `login and CA file are percent-decoded, and an at sign in a password is forgiven`() throws {
        let server = try SMTPServer(url: "smtps://a%40b:c%3Ad@e@mail.example:465/?ca=/etc/my%20ca.pem&verify=on")
        #expect(server.user == "a@b")
        #expect(server.password?.exposed == "c:d@e")
        #expect(server.certificateFile == "/etc/my ca.pem")
        #expect(server.host == "mail.example")
    }

    @Test func `a server never shows its password`() throws {
        let server = try SMTPServer(url: "smtp://vefa:hunter2@mail.example")
        var dumped = ""
        dump(server, to: &dumped)
        for text in ["\(server)", String(reflecting: server), dumped] { #expect(!text.contains("hunter2")) }
    }

    @Test func `a result never shows the password, even where the server repeats it`() throws {
        let server = try SMTPServer(url: "smtp://vefa:hunter2@mail.example")
        let job = try MailJob(mail())
        let token = Data("\0vefa\0hunter2".utf8).base64EncodedString()
        for echo in ["535 wrong: hunter2", "535 AUTH PLAIN \(token)", "535 \(Data("hunter2".utf8).base64EncodedString())"] {
            let result = SMTPExchange(message: [], job: job).verdict(code: CURLE_LOGIN_DENIED, failure: echo, hiding: server.hiddenTexts)
            #expect(result.isDeferred && result.words.contains("••••") && !result.words.contains(echo.suffix(7)), "\(result)")
        }
    }

    @Test(arguments: [
        ("mail.example:25", MailConfigurationError.scheme), ("http://mail.example", .scheme), ("", .scheme),
        ("smtp://", .host), ("smtp://:25", .host), ("smtp://ma il", .host), ("smtp://[::1", .host), ("smtp://[::1]x", .host),
        ("smtp://u:hunter2@", .host), ("smtp://mail.example\r\nX", .host),
        ("smtp://mail.example:0", .port), ("smtp://mail.example:65536", .port), ("smtp://mail.example:", .port),
        ("smtp://mail.example:+25", .port),
        ("smtp://u:hunter2/x@mail.example", .port),
        ("smtp://hunter2@mail.example", .credentials), ("smtp://u:hunter2%@mail.example", .credentials),
        ("smtp://u:hunter2%00@mail.example", .credentials), ("smtp://u:hunter2%ff@mail.example", .credentials),
        ("smtp://:hunter2@m", .credentials),
        ("smtp://u:hunter2@mail.example/hunter2", .path), ("smtp://u:hunter2@mail.example#x", .path),
        ("smtp://u:p@mail.example?hunter2", .query), ("smtp://mail.example?verify=maybe", .query), ("smtp://mail.example?ca=", .query),
        ("smtp://mail.example?verify=on&verify=off", .query),
    ])
    func `a broken URL is named by its broken part and not repeated`(url: String, expected: MailConfigurationError) {
        #expect { try makeMailTransport(smtpURL: url.isEmpty ? " " : url, folder: "unused") } throws: { error in
            error as? MailConfigurationError == expected && !"\(error)".contains("hunter2")
        }
    }

    @Test func `a CA file that is not there is a configuration error`() {
        #expect(throws: MailConfigurationError.certificateFile("/nowhere/ca.pem")) {
            try makeMailTransport(smtpURL: "smtps://u:hunter2@mail.example?ca=/nowhere/ca.pem", folder: "unused")
        }
    }

    @Test func `without a URL mails go to files`() throws {
        #expect(try makeMailTransport(smtpURL: nil, folder: "unused") is EmlTransport)
        #expect(try makeMailTransport(smtpURL: "", folder: "unused") is EmlTransport)
        #expect(try makeMailTransport(smtpURL: "smtp://mail.example", folder: "unused") is SMTPTransport)
    }
}
