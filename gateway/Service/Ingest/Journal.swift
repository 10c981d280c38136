import Shared
import SharedRuntime

/// Everything that was ever taken in, in the order it was taken: the gateway's outbox. What is appended is delivered from there.
struct Journal: Sendable {
    struct Kept: Sendable, Equatable {
        var accepted = 0
        var duplicates = 0
    }

    /// Events and bytes of one transaction at most: large enough to share its cost, small enough not to hold up others.
    static let chunkEvents = 500
    static let chunkBytes = 256 * 1024

    let house: House

    /// Appends one event; false when it was there. Returns once it is on disk.
    func keep(_ candidate: Candidate) async throws -> Bool {
        try await house.write { change in try Self.append(candidate, change) }
    }

    /// Appends a chunk in one transaction.
    func keep(_ chunk: [Candidate]) async throws -> Kept {
        guard !chunk.isEmpty else { return Kept() }
        return try await house.write { change in try Self.append(chunk, change) }
    }

    static func append(_ chunk: [Candidate], _ change: Change) throws -> Kept {
        var kept = Kept()
        for candidate in chunk {
            if try append(candidate, change) { kept.accepted += 1 } else { kept.duplicates += 1 }
        }
        return kept
    }

    static func append(_ candidate: Candidate, _ change: Change) throws -> Bool {
        try change.append(candidate.event, body: candidate.body, customer: candidate.customer)
    }
}
