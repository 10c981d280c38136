/// Which of the languages at hand a customer is written to in.
public enum LocaleChoice {
    public static let fallback = "en"

    /// The first wish that is at hand, as it stands (`tr-TR`) or by its language alone (`tr`); then `fallback`; then the first at hand in
    /// alphabetical order. Nil only where nothing is at hand.
    public static func pick(from available: some Collection<String>, wishes: [String?], fallback: String = LocaleChoice.fallback) -> String?
    {
        let byTag = Dictionary(available.map { (normalise($0), $0) }, uniquingKeysWith: { first, _ in first })
        for wish in wishes + [fallback] {
            guard let wish, !wish.isEmpty else { continue }
            let tag = normalise(wish)
            if let exact = byTag[tag] { return exact }
            if let language = byTag[Self.language(of: tag)] { return language }
        }
        return available.min()
    }

    /// `tr-TR`, `tr_TR.UTF-8` and `TR` are all `tr`.
    public static func language(of tag: String) -> String {
        String(tag.lowercased().prefix { $0 != "-" && $0 != "_" && $0 != "." })
    }

    private static func normalise(_ tag: String) -> String {
        String(tag.lowercased().prefix { $0 != "." }.map { $0 == "_" ? "-" : $0 })
    }
}
