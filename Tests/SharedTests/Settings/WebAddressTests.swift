import Shared
import Testing

@Suite("Web addresses")
struct WebAddressTests {
    @Test(
        "hosts are found as a browser finds them",
        arguments: [
            ("https://shop.example", "shop.example"), ("HTTPS://Shop.Example:8443/a?b#c", "shop.example"), ("http://10.0.0.1/x", "10.0.0.1"),
            ("https://shop.example?next=//evil.example", "shop.example"), ("https://shop.example#@evil.example", "shop.example"),
        ])
    func host(text: String, host: String) {
        #expect(WebAddress(text)?.host == host)
    }

    @Test(
        "what could be read in two ways is no address",
        arguments: [
            "", "shop.example", "//shop.example", "ftp://shop.example", "javascript:alert(1)", "https://", "https:///evil.example",
            "https://shop.example@evil.example", "https://shop.example\\@evil.example", "https://shop.example\\.evil.example",
            "https://shop.example evil", "https://shop.example\n.evil", "https://shop.exаmple/", "https://-shop.example", "https://a..b",
            "https://shop.example:", "https://shop.example:0", "https://shop.example:99999", "https://shop.example:80:80", "https://[::1]/",
            "https://%65vil.example/",
        ])
    func refused(text: String) {
        #expect(WebAddress(text) == nil)
    }

    @Test("a parameter goes before the fragment and is escaped")
    func parameter() throws {
        #expect(try #require(WebAddress("https://s.example")).adding("ref", "A&B") == "https://s.example?ref=A%26B")
        #expect(try #require(WebAddress("https://s.example/a?x=1#top")).adding("ref", "A") == "https://s.example/a?x=1&ref=A#top")
    }

    @Test("links lead to the shop's own host and the allowed ones")
    func allowed() throws {
        let settings = StoreSettings(storeURL: WebAddress("https://shop.example/tr"), allowedHosts: ["blog.shop.example"])
        #expect(settings.allows(try #require(WebAddress("http://SHOP.example:81/x"))))
        #expect(settings.allows(try #require(WebAddress("https://blog.shop.example/"))))
        #expect(!settings.allows(try #require(WebAddress("https://shop.example.evil.example/"))))
        #expect(!settings.allows(try #require(WebAddress("https://evilshop.example/"))))
        #expect(StoreSettings(json: settings.json) == settings)
    }
}
