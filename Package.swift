// swift-tools-version: 6.2
import PackageDescription

// MARK: - One set of settings for every target

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
]

// MARK: - What we build on (reasons in docs/adr/0001)

extension Target.Dependency {
    static let hummingbird: Self = .product(name: "Hummingbird", package: "hummingbird")
    static let hummingbirdTesting: Self = .product(name: "HummingbirdTesting", package: "hummingbird")
    static let nioCore: Self = .product(name: "NIOCore", package: "swift-nio")
    static let nioPosix: Self = .product(name: "NIOPosix", package: "swift-nio")
    static let nioEmbedded: Self = .product(name: "NIOEmbedded", package: "swift-nio")
    static let nioHTTP1: Self = .product(name: "NIOHTTP1", package: "swift-nio")
    static let httpTypes: Self = .product(name: "HTTPTypes", package: "swift-http-types")
    static let grdb: Self = .product(name: "GRDB", package: "GRDB.swift")
    static let grdbSQLite: Self = .product(name: "GRDBSQLite", package: "GRDB.swift")
    static let asyncHTTPClient: Self = .product(name: "AsyncHTTPClient", package: "async-http-client")
    static let serviceLifecycle: Self = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
    static let logging: Self = .product(name: "Logging", package: "swift-log")
    static let configuration: Self = .product(name: "Configuration", package: "swift-configuration")
    static let crypto: Self = .product(name: "Crypto", package: "swift-crypto")
    static let mustache: Self = .product(name: "Mustache", package: "swift-mustache")
    static let yams: Self = .product(name: "Yams", package: "Yams")
}

let dependencies: [Package.Dependency] = [
    .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.1"),
    .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-http-types.git", from: "1.8.0"),
    .package(url: "https://github.com/groue/GRDB.swift.git", from: "7.10.0"),
    .package(url: "https://github.com/swift-server/async-http-client.git", from: "1.37.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
    .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-configuration.git", from: "1.4.0", traits: []),
    .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.2"),
    .package(url: "https://github.com/hummingbird-project/swift-mustache.git", from: "2.1.1"),
    .package(url: "https://github.com/jpsim/Yams.git", from: "6.2.2"),
]

// MARK: - The shared vocabulary and the house every service lives in

let shared: [Target] = [
    .target(name: "Shared", dependencies: [], path: "Shared/Protocol", swiftSettings: settings),
    .target(
        name: "SharedStore",
        dependencies: ["Shared", .grdb, .grdbSQLite, .logging, .target(name: "CLibPQ", condition: .when(traits: ["Postgres"]))],
        path: "Shared/Store", exclude: ["CLibPQ"], swiftSettings: settings),
    // Only asked for with the trait: a plain build needs no libpq.
    .systemLibrary(name: "CLibPQ", path: "Shared/Store/CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    .target(
        name: "SharedRuntime",
        dependencies: [
            "Shared", "SharedStore", .hummingbird, .nioCore, .nioPosix, .nioHTTP1, .httpTypes, .asyncHTTPClient,
            .serviceLifecycle, .logging, .configuration, .crypto,
        ],
        path: "Shared/Runtime", swiftSettings: settings),
    .target(
        name: "SharedTesting",
        dependencies: [
            "Shared", "SharedStore", "SharedRuntime", .hummingbird, .nioCore, .nioPosix, .nioEmbedded, .httpTypes, .asyncHTTPClient, .logging,
        ],
        path: "Shared/Testing", swiftSettings: settings),
]

// MARK: - The services: Shared <- Domain <- Service <- Main

func service(_ name: String, domain: [Target.Dependency] = [], service: [Target.Dependency] = []) -> [Target] {
    let folder = "Services/\(name)"
    return [
        .target(
            name: "\(name)Domain", dependencies: ["Shared"] + domain, path: "\(folder)/Domain", swiftSettings: settings),
        .target(
            name: "\(name)Service",
            dependencies: ["Shared", "SharedStore", "SharedRuntime", .target(name: "\(name)Domain"), .hummingbird] + service,
            path: "\(folder)/Service", swiftSettings: settings),
        .executableTarget(
            name: "\(name.lowercased())-svc",
            dependencies: ["SharedRuntime", .target(name: "\(name)Service")],
            path: "\(folder)/Main", swiftSettings: settings),
    ]
}

let services: [Target] =
    service("Loyalty", service: [.crypto])
    + service("Referral", service: [.crypto])
    + service("Messaging", service: [.mustache, .crypto, "CLibCurl"])
    + service("Survey")
    + [
        .systemLibrary(
            name: "CLibCurl", path: "Services/Messaging/CLibCurl", pkgConfig: "libcurl",
            providers: [.apt(["libcurl4-openssl-dev"])])
    ]

let gateway: [Target] = [
    // docs/openapi.yaml, embedded by the C compiler: a Swift array literal of that size would take minutes to compile.
    .target(name: "CVefaDocument", path: "gateway/Document"),
    .target(
        name: "GatewayService",
        dependencies: [
            "Shared", "SharedStore", "SharedRuntime", .hummingbird, .nioCore, .nioPosix, .nioHTTP1, .httpTypes, .crypto,
            .yams, "CVefaDocument",
        ],
        path: "gateway/Service", swiftSettings: settings),
    .executableTarget(
        name: "gateway", dependencies: ["SharedRuntime", "GatewayService"], path: "gateway/Main", swiftSettings: settings),
]

// MARK: - Tests: one target per library, the contract, and the five together

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: ["Shared", "SharedTesting"] + dependencies, path: "Tests/\(name)", swiftSettings: settings)
}

let testTargets: [Target] = [
    tests("SharedTests", []),
    tests("SharedStoreTests", ["SharedStore"]),
    tests("SharedRuntimeTests", ["SharedRuntime", "SharedStore"]),
    tests("LoyaltyDomainTests", ["LoyaltyDomain"]),
    tests("LoyaltyServiceTests", ["LoyaltyService", "LoyaltyDomain", "SharedRuntime"]),
    tests("ReferralDomainTests", ["ReferralDomain"]),
    tests("ReferralServiceTests", ["ReferralService", "ReferralDomain", "SharedRuntime"]),
    tests("SurveyDomainTests", ["SurveyDomain"]),
    tests("SurveyServiceTests", ["SurveyService", "SurveyDomain", "SharedRuntime"]),
    tests("MessagingServiceTests", ["MessagingService", "MessagingDomain", "SharedRuntime"]),
    tests("GatewayServiceTests", ["GatewayService", "SharedRuntime", .crypto]),
    tests(
        "ContractTests",
        [
            "GatewayService", "LoyaltyService", "ReferralService", "MessagingService", "SurveyService", "SharedRuntime", "SharedStore", .yams,
        ]),
    tests("SystemTests", ["SharedRuntime", .crypto]),
]

// MARK: - What `make bench` measures the store with; no product of the suite

let benchmarks: [Target] = [
    .executableTarget(
        name: "store-bench", dependencies: ["SharedStore", .logging], path: "Tests/Benchmarks/StoreBench", swiftSettings: settings)
]

let package = Package(
    name: "vefa",
    products: [
        .executable(name: "loyalty-svc", targets: ["loyalty-svc"]),
        .executable(name: "referral-svc", targets: ["referral-svc"]),
        .executable(name: "messaging-svc", targets: ["messaging-svc"]),
        .executable(name: "survey-svc", targets: ["survey-svc"]),
        .executable(name: "gateway", targets: ["gateway"]),
    ],
    traits: [
        .trait(name: "Postgres", description: "The store's PostgreSQL engine. Needs libpq (apt: libpq-dev).")
    ],
    dependencies: dependencies,
    targets: shared + services + gateway + testTargets + benchmarks
)
