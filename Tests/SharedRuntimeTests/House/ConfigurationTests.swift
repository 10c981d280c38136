import Foundation
import Shared
import Testing

@testable import SharedRuntime

@Suite("Configuration") struct ConfigurationTests {
    private let keys = ["VEFA_INTERNAL_KEY": "0123456789abcdef", "VEFA_LINK_KEY": "fedcba9876543210"]

    private func read(
        _ service: ServiceName = .loyalty, _ more: [String: String] = [:], without missing: String? = nil
    ) throws -> HouseConfiguration {
        var values = keys.merging(more) { $1 }
        if let missing { values[missing] = nil }
        let settings = values
        return try HouseConfiguration(service) { settings[$0] }
    }

    @Test("with the two keys alone everything has a sensible default")
    func defaults() throws {
        let configuration = try read()
        #expect(configuration.host == "127.0.0.1" && configuration.port == 8081)
        #expect(configuration.dataFolder.hasPrefix("/") && configuration.dataFolder.hasSuffix("/.vefa"))
        #expect(configuration.databaseURL == "sqlite://\(configuration.dataFolder)/loyalty.db")
        #expect(configuration.publicURL == "http://127.0.0.1:8080")
        #expect(configuration.smtpURL == nil && !configuration.sandbox && configuration.parentDescriptor == nil)
        #expect(configuration.serviceURLs[.gateway] == ["http://127.0.0.1:8080"])
        #expect(configuration.serviceURLs[.survey] == ["http://127.0.0.1:8084"])
        #expect(configuration.logLevel == .info && !configuration.logAsText)
        #expect(try ServiceName.allCases.map { try read($0).port } == [8080, 8081, 8082, 8083, 8084])
    }

    @Test("takes what it is given")
    func given() throws {
        let configuration = try read(
            .gateway,
            [
                "VEFA_GATEWAY_PORT": "9000", "VEFA_DATA_DIR": "/data", "VEFA_PUBLIC_URL": "https://shop.example/", "VEFA_SANDBOX": "TRUE",
                "VEFA_LOYALTY_URL": " http://a:1/ , http://b:2,", "VEFA_LOG_LEVEL": "DEBUG", "VEFA_LOG_FORMAT": "text",
                "VEFA_PARENT_FD": "3",
                "VEFA_GATEWAY_DATABASE_URL": "sqlite:///elsewhere/g.db", "VEFA_RATE_LIMIT": "off", "VEFA_SMTP_URL": "smtp://mail:25",
            ])
        #expect(configuration.port == 9000 && configuration.dataFolder == "/data" && configuration.sandbox)
        #expect(configuration.publicURL == "https://shop.example")
        #expect(configuration.serviceURLs[.loyalty] == ["http://a:1", "http://b:2"])
        #expect(configuration.serviceURLs[.gateway] == ["http://127.0.0.1:9000"])
        #expect(configuration.logLevel == .debug && configuration.logAsText && configuration.parentDescriptor == 3)
        #expect(configuration.databaseURL == "sqlite:///elsewhere/g.db" && configuration.smtpURL == "smtp://mail:25")
        #expect(configuration.value("VEFA_RATE_LIMIT") == "off" && configuration.value("VEFA_NOTHING") == nil)
        // An own port goes before the gateway's; the gateway's is nobody else's.
        #expect(try read(.gateway, ["VEFA_GATEWAY_PORT": "9000", "VEFA_PORT": "9001"]).port == 9001)
        #expect(try read(.loyalty, ["VEFA_GATEWAY_PORT": "9000"]).port == 8081)
        #expect(try read(.loyalty, ["VEFA_GATEWAY_PORT": "9000"]).publicURL == "http://127.0.0.1:9000")
    }

    @Test(
        "refuses to start without its keys, or with short ones, and does not repeat them",
        arguments: ["VEFA_INTERNAL_KEY", "VEFA_LINK_KEY"])
    func secrets(name: String) {
        for value in [nil, "", "fifteen chars!!"] as [String?] {
            let error = #expect(throws: HouseConfiguration.Invalid.self) {
                try read(.loyalty, value.map { [name: $0] } ?? [:], without: value == nil ? name : nil)
            }
            #expect(error?.description.contains(name) == true)
            #expect(error?.description.contains("fifteen") == false)
        }
    }

    @Test("refuses a port that is none", arguments: ["x", "-1", "65536", "80.5"])
    func ports(text: String) {
        #expect(throws: HouseConfiguration.Invalid.self) { try read(.loyalty, ["VEFA_PORT": text]) }
    }

    @Test("reads any value from a file, without the line's end; the value itself goes first; a file that is not there is nothing")
    func files() async throws {
        try await withFolder { folder in
            let file = folder.appendingPathComponent("key")
            try Data("a key from a file, long enough \n\n".utf8).write(to: file)
            let path = ["VEFA_INTERNAL_KEY_FILE": file.path, "VEFA_SMTP_URL_FILE": file.path]
            #expect(try read(.loyalty, path, without: "VEFA_INTERNAL_KEY").internalKey == Array("a key from a file, long enough".utf8))
            #expect(try read(.loyalty, path).internalKey == Array("0123456789abcdef".utf8))
            #expect(try read(.loyalty, path).value("VEFA_SMTP_URL") == "a key from a file, long enough")
            let nowhere = ["VEFA_INTERNAL_KEY_FILE": folder.appendingPathComponent("nowhere").path]
            #expect(throws: HouseConfiguration.Invalid.self) { try read(.loyalty, nowhere, without: "VEFA_INTERNAL_KEY") }
        }
    }

    @Test("refuses to start when a file that is named cannot be read, unless the value itself is given; an empty file is a value not set")
    func unreadableFiles() async throws {
        try await withFolder { folder in
            let nowhere = folder.appendingPathComponent("nowhere").path
            let empty = folder.appendingPathComponent("empty")
            try Data().write(to: empty)
            let error = #expect(throws: HouseConfiguration.Invalid.self) {
                try HouseConfiguration.requireFiles(["VEFA_LINK_KEY_FILE": empty.path, "VEFA_SMTP_URL_FILE": nowhere, "VEFA_SMTP_URL": ""])
            }
            #expect(error?.description.contains("VEFA_SMTP_URL_FILE") == true)
            try HouseConfiguration.requireFiles(["VEFA_SMTP_URL_FILE": nowhere, "VEFA_SMTP_URL": "smtp://mail"])
            try HouseConfiguration.requireFiles(["VEFA_SMTP_URL_FILE": empty.path, "VEFA_LINK_KEY_FILE": "", "SSL_CERT_FILE": nowhere])
            #expect(try read(.messaging, ["VEFA_SMTP_URL_FILE": empty.path]).smtpURL == nil)
        }
    }
}
