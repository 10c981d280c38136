import MessagingDomain
import Shared
import SharedRuntime

/// The few words that somebody sees who follows a link out of a mail. English and Turkish.
enum LinkPages {
    private static let languages = ["en", "tr"]

    /// For a link that is none of ours, or no longer good: it does not say which.
    static func unknown(_ wishes: [String]) -> Reply {
        let language = pick(wishes.map { $0 })
        let isTurkish = language == "tr"
        let title = isTurkish ? "Bu bağlantı geçerli değil" : "This link is not valid"
        let text =
            isTurkish
            ? "Bağlantı eksik kopyalanmış ya da süresi dolmuş olabilir. Lütfen e-postadaki bağlantıyı yeniden deneyin."
            : "It may have been copied in part, or be too old. Please try the link in the mail again."
        return HTMLPage(language: language, title: title, body: "<h1>\(title)</h1>\n<p>\(text)</p>").reply(.notFound)
    }

    /// Asks; nothing has changed yet.
    static func ask(store: String?, wishes: [String?]) -> Reply {
        let language = pick(wishes)
        let isTurkish = language == "tr"
        let title = isTurkish ? "Abonelikten çıkılsın mı?" : "Unsubscribe?"
        let from = store.map(HTML.escape)
        let text =
            isTurkish
            ? "Onaylarsanız \(from.map { "\($0) mağazasından" } ?? "bu mağazadan") artık tanıtım e-postası almazsınız. Siparişlerinizle ilgili e-postalar gelmeye devam eder."
            : "You will no longer get marketing mails from \(from ?? "this shop"). Mails about your orders still come."
        let button = isTurkish ? "Abonelikten çık" : "Unsubscribe"
        return HTMLPage(
            language: language, title: title,
            body: """
                <h1>\(title)</h1>
                <p>\(text)</p>
                <form method="post"><button type="submit" name="List-Unsubscribe" value="One-Click">\(button)</button></form>
                """
        ).reply()
    }

    static func done(wishes: [String?]) -> Reply {
        let language = pick(wishes)
        let isTurkish = language == "tr"
        let title = isTurkish ? "Abonelikten çıktınız" : "You are unsubscribed"
        let text = isTurkish ? "Size artık tanıtım e-postası göndermeyeceğiz." : "We will send you no more marketing mails."
        return HTMLPage(language: language, title: title, body: "<h1>\(title)</h1>\n<p>\(text)</p>").reply()
    }

    private static func pick(_ wishes: [String?]) -> String {
        LocaleChoice.pick(from: languages, wishes: wishes) ?? LocaleChoice.fallback
    }
}
