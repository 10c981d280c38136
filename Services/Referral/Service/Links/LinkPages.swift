import ReferralDomain
import Shared
import SharedRuntime

/// What an advocate's link shows while the suite does not know the shop's address.
enum LinkPages {
    static func code(_ code: ReferralCode, shop: String?, _ language: String) -> HTMLPage {
        let isTurkish = language == "tr"
        let title = isTurkish ? "Bir arkadaşınız sizi davet etti" : "A friend invites you"
        let place = shop.map(HTML.escape)
        let text =
            isTurkish
            ? "\(place.map { "\($0) mağazasındaki ilk" } ?? "İlk") siparişinizde bu kodu kullanın:"
            : "Use this code with your first order\(place.map { " at \($0)" } ?? ""):"
        return HTMLPage(
            language: language, title: title,
            body: "<h1>\(HTML.escape(title))</h1>\n<p>\(text)</p>\n<p><strong>\(HTML.escape(code.text))</strong></p>")
    }

    static func unknown(_ language: String) -> HTMLPage {
        let isTurkish = language == "tr"
        let title = isTurkish ? "Bu bağlantı bulunamadı" : "This link was not found"
        let text =
            isTurkish
            ? "Bağlantı eksik kopyalanmış ya da artık geçerli olmayabilir." : "It may have been copied in part, or is no longer in use."
        return HTMLPage(language: language, title: title, body: "<h1>\(HTML.escape(title))</h1>\n<p>\(HTML.escape(text))</p>")
    }
}
