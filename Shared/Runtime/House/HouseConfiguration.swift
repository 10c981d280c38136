public import Logging
public import Shared
import Configuration
import Foundation

/// What a service is told by its environment. Every value of `VEFA_NAME` may also come from a file named by `VEFA_NAME_FILE` (container secrets).
public struct HouseConfiguration: Sendable {
    /// `VEFA_HOST`, default 127.0.0.1, and `VEFA_PORT`, default by service (gateway 8080, the others 8081 to 8084; 0 picks a free one).
    public var host: String
    public var port: Int
    /// `VEFA_DATA_DIR`, default `.vefa`: stores, mails, everything a service writes.
    public var dataFolder: String
    /// `VEFA_<SERVICE>_DATABASE_URL`, default `sqlite:///<data folder>/<service>.db`.
    public var databaseURL: String
    /// `VEFA_INTERNAL_KEY`: the secret the five sign their calls to each other with; at least 16 characters.
    public var internalKey: [UInt8]
    /// `VEFA_LINK_KEY`: the secret that links in mails are signed with; at least 16 characters.
    public var linkKey: [UInt8]
    /// `VEFA_PUBLIC_URL`: where shoppers reach the gateway, default `http://127.0.0.1:8080`.
    public var publicURL: String
    /// `VEFA_SMTP_URL`; nil: mails become files.
    public var smtpURL: String?
    /// `VEFA_SANDBOX=1`: the clock can be moved from outside.
    public var sandbox: Bool
    /// `VEFA_<SERVICE>_URL`: `http://host:port`, several separated by commas. A name stands for the replicas at all of its addresses.
    public var serviceURLs: [ServiceName: [String]]
    /// `VEFA_LOG_LEVEL` (trace … critical), default info, and `VEFA_LOG_FORMAT` (`json`, default, or `text`).
    public var logLevel: Logger.Level
    public var logAsText: Bool
    /// `VEFA_PARENT_FD`: a pipe whose end means that whoever started this service is gone.
    public var parentDescriptor: Int32?
    private let lookup: @Sendable (String) -> String?

    /// Any other `VEFA_…` variable, by its whole name; nil when unset or empty.
    public func value(_ name: String) -> String? { lookup(name) }

    /// A value that no restart makes right: the service ends with exit code 78.
    public struct Invalid: Error, CustomStringConvertible {
        public let description: String

        public init(description: String) {
            self.description = description
        }
    }

    /// Reads the process environment.
    public static func fromEnvironment(_ service: ServiceName) throws -> HouseConfiguration {
        try requireFiles(ProcessInfo.processInfo.environment)
        let reader = ConfigReader(provider: EnvironmentVariablesProvider())
        return try HouseConfiguration(service) { name in
            let key = ConfigKey(name.lowercased().split(separator: "_").map(String.init))
            return reader.string(forKey: key)
        }
    }

    /// Every file that `VEFA_…_FILE` names must be readable: without its secret a service would quietly do something else, such as write mails to
    /// files. An empty file is a value that is not set.
    static func requireFiles(_ environment: [String: String]) throws {
        for (name, file) in environment.sorted(by: { $0.key < $1.key }) where name.hasPrefix("VEFA_") && name.hasSuffix("_FILE") && !file.isEmpty {
            let isOverruled = environment[String(name.dropLast("_FILE".count))].map { !$0.isEmpty } ?? false
            guard isOverruled || FileManager.default.contents(atPath: file) != nil else {
                throw Invalid(description: "\(name) names a file that cannot be read: \(file)")
            }
        }
    }

    public init(_ service: ServiceName, _ environment: @escaping @Sendable (String) -> String?) throws {
        let lookup: @Sendable (String) -> String? = { name in
            if let value = environment(name), !value.isEmpty { return value }
            guard let file = environment(name + "_FILE"), !file.isEmpty, let data = FileManager.default.contents(atPath: file) else { return nil }
            let text = String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
            return text.isEmpty ? nil : text
        }
        self.lookup = lookup
        host = lookup("VEFA_HOST") ?? "127.0.0.1"
        let ports: [ServiceName: Int] = [.gateway: 8080, .loyalty: 8081, .referral: 8082, .messaging: 8083, .survey: 8084]
        let portText = lookup("VEFA_PORT") ?? (service == .gateway ? lookup("VEFA_GATEWAY_PORT") : nil)
        guard let chosenPort = portText.map({ Int($0) }) ?? ports[service], (0...65_535).contains(chosenPort) else {
            throw Invalid(description: "VEFA_PORT must be a port number")
        }
        port = chosenPort
        let folder = lookup("VEFA_DATA_DIR") ?? ".vefa"
        dataFolder = folder.hasPrefix("/") ? folder : FileManager.default.currentDirectoryPath + "/" + folder
        databaseURL = lookup("VEFA_\(service.rawValue.uppercased())_DATABASE_URL") ?? "sqlite://\(dataFolder)/\(service.rawValue).db"
        internalKey = Array((lookup("VEFA_INTERNAL_KEY") ?? "").utf8)
        linkKey = Array((lookup("VEFA_LINK_KEY") ?? "").utf8)
        guard internalKey.count >= 16 else { throw Invalid(description: "VEFA_INTERNAL_KEY (or VEFA_INTERNAL_KEY_FILE) must hold at least 16 characters") }
        guard linkKey.count >= 16 else { throw Invalid(description: "VEFA_LINK_KEY (or VEFA_LINK_KEY_FILE) must hold at least 16 characters") }
        let gatewayPort = lookup("VEFA_GATEWAY_PORT") ?? "8080"
        publicURL = Self.withoutSlash(lookup("VEFA_PUBLIC_URL") ?? "http://127.0.0.1:\(gatewayPort)")
        smtpURL = lookup("VEFA_SMTP_URL")
        sandbox = ["1", "true", "on", "yes"].contains(lookup("VEFA_SANDBOX")?.lowercased() ?? "")
        var urls: [ServiceName: [String]] = [:]
        for name in ServiceName.allCases {
            let port = name == .gateway ? gatewayPort : String(ports[name] ?? 8080)
            let text = lookup("VEFA_\(name.rawValue.uppercased())_URL") ?? "http://127.0.0.1:\(port)"
            let given = text.split(separator: ",").map { Self.withoutSlash($0.trimmingCharacters(in: .whitespaces)) }.filter { !$0.isEmpty }
            for url in given {
                do { _ = try ServiceAddress(parsing: url) } catch {
                    throw Invalid(description: "VEFA_\(name.rawValue.uppercased())_URL: \(error.reason)")
                }
            }
            urls[name] = given
        }
        serviceURLs = urls
        logLevel = Logger.Level(rawValue: lookup("VEFA_LOG_LEVEL")?.lowercased() ?? "info") ?? .info
        logAsText = lookup("VEFA_LOG_FORMAT") == "text"
        parentDescriptor = lookup("VEFA_PARENT_FD").flatMap(Int32.init)
    }

    private static func withoutSlash(_ url: String) -> String { url.hasSuffix("/") ? String(url.dropLast()) : url }
}
