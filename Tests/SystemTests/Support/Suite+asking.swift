import Foundation
import Shared
import SharedTesting
import Testing

extension SharedTesting.Suite {
    /// Sends one event in a call of its own; answers when it is acknowledged.
    @discardableResult
    func take(_ event: CloudEvent, sourceLocation: SourceLocation = #_sourceLocation) async throws -> Answer {
        let answer = try await post("/v1/events", event.json)
        try #require(answer.status == 202, "\(answer.status) \(answer.text)", sourceLocation: sourceLocation)
        return answer
    }

    /// `processed_by` of an event, by service; empty while it cannot be had.
    func states(of event: CloudEvent) async -> [String: String] {
        guard let answer = try? await request("GET", "/v1/events/\(event.id)?source=\(event.source)", key: key, seconds: 10),
            answer.status == 200,
            let members = answer.json["processed_by"]?.object?.members
        else { return [:] }
        return Dictionary(members.map { ($0.name, $0.value.string ?? "") }, uniquingKeysWith: { $1 })
    }

    func isDone(_ event: CloudEvent) async -> Bool {
        let states = await states(of: event)
        return !states.isEmpty && states.values.allSatisfy { $0 == "done" }
    }

    /// On a shared store a relay of a process that was killed goes on when its lease has run out, after ten seconds.
    func untilDone(_ event: CloudEvent, within seconds: Double = TestStores.isShared ? 45 : 15) async throws {
        try await until("\(event.type) \(event.id) is done everywhere", within: seconds) { await self.isDone(event) }
    }

    /// A member as the API answers it; `null` while there is none.
    func member(_ id: String) async throws -> JSON {
        let answer = try await get("/v1/loyalty/members/\(id)")
        return answer.status == 200 ? answer.json : .null
    }

    func balance(_ id: String) async throws -> Int64? { try await member(id)["balance"]?.int }

    /// The messages of a customer, or the first 200 of all.
    func messages(_ customer: String) async throws -> [JSON] {
        try await get("/v1/messages?customer=\(customer)&limit=200").json["data"]?.array ?? []
    }

    /// Every mail kept under the data folder, whole files only.
    func keptMails() throws -> [KeptMail] {
        let mail = folder.appendingPathComponent("mail")
        guard let days = try? FileManager.default.contentsOfDirectory(at: mail, includingPropertiesForKeys: nil) else { return [] }
        return try days.flatMap { day in
            try FileManager.default.contentsOfDirectory(at: day, includingPropertiesForKeys: nil)
                .filter { $0.pathExtension == "eml" && !$0.lastPathComponent.hasPrefix(".") }
                .map { KeptMail(file: $0.lastPathComponent, bytes: Array(try Data(contentsOf: $0))) }
        }
    }

    /// Waits for the only mail to an address.
    func mail(to address: String, within seconds: Double = 15) async throws -> KeptMail {
        try await until("a mail to \(address) is kept", within: seconds) { try self.keptMails().contains { $0.to == address } }
        let mails = try keptMails().filter { $0.to == address }
        try #require(mails.count == 1, "one mail to \(address)")
        return mails[0]
    }

    func verifyLedger(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let answer = try await get("/v1/loyalty/ledger/verify")
        #expect(answer.status == 200 && answer.json["balanced"]?.bool == true, "\(answer.text)", sourceLocation: sourceLocation)
    }
}
