import MessagingDomain
import Shared
import SharedRuntime

/// What marketing mail must have beside its words: the way out in its headers (RFC 2369, RFC 8058) and in its text, and the sender's postal address.
enum MarketingMail {
    static func headers(unsubscribe url: String) -> [OutgoingMail.Header] {
        [
            .init(name: "List-Unsubscribe", value: "<\(url)>"),
            .init(name: "List-Unsubscribe-Post", value: "List-Unsubscribe=One-Click"),
        ]
    }

    /// Adds a footer with whatever of the two the template has not shown by itself.
    static func complete(_ mail: RenderedMail, unsubscribe url: String, address: String?, locale: String) -> RenderedMail {
        let isTurkish = LocaleChoice.language(of: locale) == "tr"
        let words = isTurkish ? "Bu e-postaları almak istemiyorsanız abonelikten çıkın" : "Unsubscribe from these mails"
        // The renderer escapes what it inserts; the address counts as shown in either form.
        func lacks(_ text: String, _ part: String) -> Bool { !text.contains(part) && !text.contains(HTML.escape(part)) }
        var complete = mail
        var markup: [String] = []
        if let address, lacks(mail.html, address) { markup.append(HTML.escape(address)) }
        if lacks(mail.html, url) { markup.append("<a href=\"\(HTML.escape(url))\" style=\"color:#555555\">\(words)</a>") }
        if !markup.isEmpty {
            let style =
                "font:13px/20px -apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;color:#555555;text-align:center;padding:16px"
            complete.html = LinkRewriter.append("<div style=\"\(style)\">\(markup.joined(separator: "<br>"))</div>", to: mail.html)
        }
        var lines: [String] = []
        if let address, lacks(mail.text, address) { lines.append(address) }
        if lacks(mail.text, url) { lines.append("\(words): \(url)") }
        if !lines.isEmpty { complete.text = mail.text + "\n\n-- \n" + lines.joined(separator: "\n") + "\n" }
        return complete
    }

    /// Links lead through `/t/c/`, and a picture that nobody sees tells of the opening.
    static func track(_ mail: RenderedMail, _ messageID: String, _ links: MailLinks) -> RenderedMail {
        var tracked = mail
        tracked.html = LinkRewriter.rewrite(mail.html) { links.click($0, messageID) }
        let pixel = "<img src=\"\(links.open(messageID))\" width=\"1\" height=\"1\" alt=\"\" style=\"display:block;border:0\">"
        tracked.html = LinkRewriter.append(pixel, to: tracked.html)
        return tracked
    }
}
