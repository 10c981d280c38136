import HTTPTypes
import Hummingbird
import Shared
import SharedRuntime

/// A problem as a person with a browser can read it: somebody who followed a link of the shop's and must not meet JSON.
enum ProblemPage {
    /// Whether whoever calls is a browser that opens a page.
    static func isWanted(_ request: Request) -> Bool {
        request.headers[.accept]?.lowercased().contains("text/html") ?? false
    }

    static func reply(_ problem: Problem, _ request: Request) -> Reply {
        let language = LocaleChoice.pick(from: texts.keys, wishes: request.acceptedLanguages) ?? LocaleChoice.fallback
        let words = texts[language] ?? english
        let text: String
        switch problem.status {
        case 429: text = words.tooMany
        case 500...: text = words.unavailable
        default: text = words.refused
        }
        let page = HTMLPage(
            language: language, title: words.title, body: "<h1>\(HTML.escape(words.title))</h1>\n<p>\(HTML.escape(text))</p>")
        var reply = page.reply(HTTPResponse.Status(code: problem.status))
        if let seconds = problem.retryAfter { reply.headers[.retryAfter] = String(seconds) }
        return reply
    }

    private struct Words {
        let title: String
        let unavailable: String
        let tooMany: String
        let refused: String
    }

    private static let english = Words(
        title: "This page cannot be shown just now",
        unavailable: "Something here is out of order for a moment. Please try again in a minute: the link stays good.",
        tooMany: "This page was asked for too often from where you are. Please wait a moment and try again.",
        refused: "What your browser sent could not be used here.")

    private static let texts: [String: Words] = [
        "en": english,
        "tr": Words(
            title: "Bu sayfa şu anda gösterilemiyor",
            unavailable: "Burada bir anlığına bir aksaklık var. Lütfen bir dakika sonra yeniden deneyin: bağlantı geçerli kalır.",
            tooMany: "Bulunduğunuz yerden bu sayfa çok sık istendi. Lütfen biraz bekleyip yeniden deneyin.",
            refused: "Tarayıcınızın gönderdiği bilgi burada kullanılamadı."),
    ]
}
