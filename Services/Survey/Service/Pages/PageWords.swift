import Shared

/// What the survey's page says by itself: English and Turkish; English beside questions in any other language.
struct PageWords: Sendable {
    private let turkish: Bool

    init(_ language: String) {
        turkish = LocaleChoice.language(of: language) == "tr"
    }

    enum Word: Sendable {
        case send, next, required, chooseAny, consent, npsHint, csatHint, faultsTitle, languages, thanksTitle, thanks, couponComing
        case notFoundTitle, notFound, expiredTitle, expired, pausedTitle, paused, staleForm
    }

    func callAsFunction(_ word: Word) -> String {
        let (english, turkish) = Self.both(word)
        return self.turkish ? turkish : english
    }

    func points(_ count: Int64, given: Bool) -> String {
        if turkish { return given ? "\(count) puan kazandınız." : "\(count) puan hesabınıza ekleniyor." }
        let points = count == 1 ? "1 point" : "\(count) points"
        return given ? "You have earned \(points)." : "\(points) will be added to your account."
    }

    func coupon(_ code: String) -> String { turkish ? "Kuponunuz: \(code)" : "Your coupon: \(code)" }

    /// What is wrong with an answer, by the fault's code.
    func fault(_ code: String) -> String {
        let (english, turkish) = Self.fault(code)
        return self.turkish ? turkish : english
    }

    private static func both(_ word: Word) -> (String, String) {
        switch word {
        case .send: ("Send", "Gönder")
        case .next: ("Next", "İleri")
        case .required: ("required", "zorunlu")
        case .chooseAny: ("Choose as many as you like.", "Birden fazla seçebilirsiniz.")
        case .consent: ("I agree", "Kabul ediyorum")
        case .npsHint: ("0: not at all likely, 10: extremely likely", "0: hiç olası değil, 10: kesinlikle olası")
        case .csatHint: ("1: very dissatisfied, 5: very satisfied", "1: hiç memnun değilim, 5: çok memnunum")
        case .faultsTitle: ("Something is still missing or wrong", "Eksik ya da hatalı yanıtlar var")
        case .languages: ("Languages", "Diller")
        case .thanksTitle: ("Thank you", "Teşekkür ederiz")
        case .thanks: ("Your answers have been received.", "Yanıtlarınız bize ulaştı.")
        case .couponComing: ("Your coupon is on its way.", "Kuponunuz hazırlanıyor.")
        case .notFoundTitle: ("There is no such survey", "Böyle bir anket yok")
        case .notFound:
            ("Please check the link, or open it from the message once more.", "Lütfen bağlantıyı kontrol edin ya da iletiden yeniden açın.")
        case .expiredTitle: ("This link has expired", "Bu bağlantının süresi doldu")
        case .expired: ("Thank you for wanting to answer all the same.", "Yine de yanıtlamak istediğiniz için teşekkür ederiz.")
        case .pausedTitle: ("This survey is closed", "Bu anket kapandı")
        case .paused: ("It takes no answers at the moment.", "Şu anda yanıt alınmıyor.")
        case .staleForm:
            (
                "This page was open for too long, or was opened elsewhere. Please check your answers and send them again.",
                "Bu sayfa çok uzun süre açık kaldı ya da başka bir yerde açıldı. Lütfen yanıtlarınızı kontrol edip yeniden gönderin."
            )
        }
    }

    private static func fault(_ code: String) -> (String, String) {
        switch code {
        case "missing": ("Please answer this question.", "Lütfen bu soruyu yanıtlayın.")
        case "consent_required": ("This needs your consent.", "Bunun için onayınız gerekiyor.")
        case "invalid_email":
            ("Please write an e-mail address such as name@example.com.", "Lütfen ad@example.com gibi bir e-posta adresi yazın.")
        case "invalid_phone": ("Please write a telephone number.", "Lütfen bir telefon numarası yazın.")
        case "invalid_date": ("Please write a day such as 2026-03-01.", "Lütfen 2026-03-01 gibi bir tarih yazın.")
        case "out_of_range": ("This number is too small or too large.", "Bu sayı çok küçük ya da çok büyük.")
        case "too_precise": ("At most three decimals, please.", "Lütfen en çok üç ondalık basamak yazın.")
        case "wrong_type": ("Please write a number.", "Lütfen bir sayı yazın.")
        case "too_few": ("Please choose more.", "Lütfen daha fazla seçin.")
        case "too_many": ("Please choose fewer.", "Lütfen daha az seçin.")
        case "too_long": ("This text is too long.", "Bu metin çok uzun.")
        default: ("This answer is not possible here.", "Bu yanıt burada kullanılamaz.")
        }
    }
}
