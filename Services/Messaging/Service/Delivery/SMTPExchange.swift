import CLibCurl
import FoundationEssentials

/// What libcurl's callbacks see of one mail's exchange with the server, and the verdict they add up to.
final class SMTPExchange {
    /// The last command sent.
    enum Stage: String {
        case connecting
        case hello = "EHLO"
        case startTLS = "STARTTLS"
        case login = "AUTH"
        case sender = "MAIL FROM"
        case recipient = "RCPT TO"
        case data = "DATA"
        case message = "the message"

        /// Nil for a line that only goes on with a command, as logins have them.
        init?(command: some Collection<UInt8>) {
            switch String(decoding: command.prefix(4), as: UTF8.self).uppercased() {
            case "EHLO", "HELO": self = .hello
            case "STAR": self = .startTLS
            case "AUTH": self = .login
            case "MAIL": self = .sender
            case "RCPT": self = .recipient
            case "DATA": self = .data
            default: return nil
            }
        }

        /// Whether a 5xx here is about this mail, not about us and the server.
        var concernsMail: Bool { [.sender, .recipient, .data, .message].contains(self) }
    }

    struct Reply {
        let code: Int
        /// The reply's last line, code included, fit to be kept: no control characters, 500 characters at most.
        let line: String
    }

    private let message: [UInt8]
    private let job: MailJob
    private var sent = 0
    /// All of the message is written to the connection; the final dot may be out from here on.
    private(set) var isMessageOut = false
    private(set) var stage = Stage.connecting
    /// The answer to the last command, where there was one.
    private(set) var reply: Reply?
    private var isQuitting = false

    init(message: [UInt8], job: MailJob) {
        self.message = message
        self.job = job
    }

    /// Whether to give up: only as long as that surely stops the mail.
    var shouldAbort: Bool { job.isCancelled && !isMessageOut }

    /// libcurl asks for more when all it had is written, and takes 0 for the message's end.
    fileprivate func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        stage = .message
        reply = nil
        let count = min(buffer.count, message.count - sent)
        if count == 0 {
            isMessageOut = true
            return 0
        }
        message.withUnsafeBytes { buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[sent..<sent + count])) }
        sent += count
        return count
    }

    fileprivate func heard(line: UnsafeRawBufferPointer) {
        guard !isQuitting, line.count >= 3, let code = Int(String(decoding: line.prefix(3), as: UTF8.self)), (200...599).contains(code),
            line.count == 3 || line[3] != UInt8(ascii: "-")
        else { return }
        reply = Reply(code: code, line: Self.printable(String(decoding: line, as: UTF8.self)))
    }

    fileprivate func said(command: UnsafeRawBufferPointer) {
        if command.starts(with: "QUIT".utf8) { isQuitting = true }
        guard !isQuitting else { return }
        stage = Stage(command: command) ?? stage
        reply = nil
    }

    private static func printable(_ text: String) -> String {
        let shown = text.unicodeScalars.prefix(500).map { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) ? " " : $0 }
        var view = String.UnicodeScalarView(shown)
        while view.last == " " { view.removeLast() }
        return String(view)
    }
}

extension SMTPExchange {
    /// Codes that speak of our login or of missing TLS even in answer to MAIL FROM (RFC 4954, 6; RFC 3207, 4).
    private static let loginCodes: Set<Int> = [530, 534, 535, 538]

    /// Whether the server surely has nothing of this mail and said nothing about it but good-bye.
    func mayRepeat(after code: CURLcode) -> Bool {
        code != CURLE_OK && code != CURLE_OPERATION_TIMEDOUT && code != CURLE_ABORTED_BY_CALLBACK && !isMessageOut
            && (reply == nil || reply?.code == 421)
    }

    /// - Parameters:
    ///   - failure: libcurl's words for `code`.
    ///   - hiding: texts that must not appear in the result.
    func verdict(code: CURLcode, failure: String, hiding: [String]) -> DeliveryResult {
        func told(_ text: String) -> String {
            hiding.reduce(text) { $0.replacing($1, with: "••••") }
        }
        if code == CURLE_OK { return .accepted(response: told(reply?.line ?? "")) }
        if let reply {
            let detail = told("\(stage.rawValue): \(reply.line)")
            switch reply.code {
            case 400...499: return .deferred(code: reply.code, detail: detail)
            case 500...599:
                let isAboutMail = stage.concernsMail && !Self.loginCodes.contains(reply.code)
                return isAboutMail ? .rejected(code: reply.code, detail: detail) : .deferred(code: reply.code, detail: detail)
            case 200...299 where isMessageOut: return .accepted(response: told(reply.line))
            default: break
            }
        }
        if isMessageOut { return .unknown(detail: told("no answer after the message: \(Self.printable(failure))")) }
        if code == CURLE_ABORTED_BY_CALLBACK { return .deferred(code: nil, detail: "cancelled before the message was out") }
        return .deferred(code: nil, detail: told("\(stage.rawValue): \(Self.printable(failure))"))
    }
}

extension SMTPServer {
    /// The password in the forms in which a server could send it back to us.
    var hiddenTexts: [String] {
        guard let user, let password = password?.exposed, !password.isEmpty else { return [] }
        return ["\0\(user)\0\(password)", password].map { Data($0.utf8).base64EncodedString() } + [password]
    }
}

private func exchange(_ context: UnsafeMutableRawPointer?) -> SMTPExchange? {
    context.map { Unmanaged<SMTPExchange>.fromOpaque($0).takeUnretainedValue() }
}

typealias CurlDataCallback = @convention(c) (UnsafeMutablePointer<CChar>?, Int, Int, UnsafeMutableRawPointer?) -> Int

let smtpReadCallback: CurlDataCallback = { buffer, size, count, context in
    guard let exchange = exchange(context), !exchange.shouldAbort else { return Int(CURL_READFUNC_ABORT) }
    return exchange.read(into: UnsafeMutableRawBufferPointer(start: buffer, count: size * count))
}

let smtpReplyCallback: CurlDataCallback = { line, size, count, context in
    exchange(context)?.heard(line: UnsafeRawBufferPointer(start: line, count: size * count))
    return size * count
}

let smtpDebugCallback:
    @convention(c) (UnsafeMutableRawPointer?, curl_infotype, UnsafeMutablePointer<CChar>?, Int, UnsafeMutableRawPointer?) -> Int32 = {
        _, kind, text, count, context in
        if kind == CURLINFO_HEADER_OUT { exchange(context)?.said(command: UnsafeRawBufferPointer(start: text, count: count)) }
        return 0
    }

let smtpProgressCallback: @convention(c) (UnsafeMutableRawPointer?, curl_off_t, curl_off_t, curl_off_t, curl_off_t) -> Int32 = {
    context, _, _, _, _ in
    exchange(context)?.shouldAbort == true ? 1 : 0
}
