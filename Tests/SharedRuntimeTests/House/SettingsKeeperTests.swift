import Shared
import SharedTesting
import Testing

@testable import SharedRuntime

@Suite("The shop's settings in every service") struct SettingsKeeperTests {
    @Test("what the gateway says is kept; what anybody else says is not")
    func hear() async throws {
        let test = try await TestHouse.start(ServiceDefinition(name: .referral, migrations: [], routes: { _, _ in }))
        let result = await outcome {
            let settings = StoreSettings(storeName: "Gül", storeURL: WebAddress("https://shop.example"))
            func event(_ id: String, _ source: String, _ settings: StoreSettings) -> CloudEvent {
                CloudEvent(id: id, source: source, type: StoreSettings.changed, time: test.house.now, data: settings.json)
            }
            #expect(try await test.house.read { try SettingsKeeper.current($0) } == StoreSettings())
            try await test.deliver([event("1", "vefa/gateway", settings)])
            try await test.deliver([event("2", "vefa/survey", StoreSettings(storeName: "Evil"))])
            #expect(try await test.house.read { try SettingsKeeper.current($0) } == settings)
        }
        await test.stop()
        try result.get()
    }
}
