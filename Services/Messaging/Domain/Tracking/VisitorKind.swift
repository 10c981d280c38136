/// Who opened a mail or followed a link, as far as the request tells. Figures that count machines flatter, and a flow that heeds them writes to people
/// who never looked.
public enum VisitorKind: String, Sendable, CaseIterable {
    case human, machine
    /// A proxy that fetches when somebody looks and hides who (Gmail's), a program's library, or nothing that says anything.
    case unknown

    /// Names in User-Agents of what follows links on its own: link scanners of mail filters, crawlers, previews of chats, proxies that fetch ahead.
    private static let machines = [
        "barracuda", "proofpoint", "mimecast", "safelinks", "symantec", "trendmicro", "forcepoint", "fireeye", "cloudmark", "virustotal",
        "urlscan",
        "bingpreview", "bot/", "crawl", "spider", "scanner", "preview", "facebookexternalhit", "whatsapp", "slack-imgproxy",
        "yahoomailproxy",
        "headlesschrome", "phantomjs",
    ]
    private static let browsers = ["mozilla/", "opera/", "applemail", "thunderbird", "outlook"]

    /// The rules, in this order: a HEAD is a machine's; so is a User-Agent with a scanner's name in it, and a bare `Mozilla/5.0`, as Apple's Mail
    /// Privacy Protection fetches every picture ahead; Gmail's image proxy is unknown; what names a browser or a mail program is a human; the rest is
    /// unknown.
    public static func of(method: String, userAgent: String?) -> VisitorKind {
        if method == "HEAD" { return .machine }
        guard let agent = userAgent?.prefix(1_024).lowercased(), !agent.isEmpty else { return .unknown }
        if agent == "mozilla/5.0" || machines.contains(where: agent.contains) { return .machine }
        if agent.contains("googleimageproxy") || agent.contains("ggpht.com") { return .unknown }
        return browsers.contains(where: agent.contains) ? .human : .unknown
    }
}
