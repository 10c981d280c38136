import MessagingDomain
import Shared
import SharedRuntime
import SharedStore

/// The two writes around an attempt.
enum MessageAttempt {
    /// The timer is another's by now: what the message needs is for whoever holds it.
    struct TimerLost: Error, CustomStringConvertible {
        let description = "somebody else holds this timer by now"
    }

    /// The message, held for this write; nil when it was settled meanwhile. Throws ``TimerLost``.
    private static func take(_ timer: DueTimer, _ change: Change) throws -> Message? {
        guard let present = try MessageStore.find(timer.key, change.db), present.state.isOpen else { return nil }
        guard try change.holds(timer) else { throw TimerLost() }
        return present
    }

    /// Writes down that an attempt begins: only by whoever holds the message's timer, so that no two are made at once. Nil when there is to be none:
    /// the message was settled meanwhile, its reader has withdrawn consent or is gone (loyalty may take a while over a coupon), its address is
    /// suppressed, or an earlier attempt was cut off and its class has it not sent again.
    static func begin(_ draft: Message, _ timer: DueTimer, _ change: Change) throws -> Message? {
        guard let present = try take(timer, change) else { return nil }
        try closeInterrupted(present, change)
        let wasCutOff = present.state == .sending || present.state == .unknown
        if wasCutOff, present.messageClass == .marketing {
            try MessageStore.settle(draft.id, .unknown, reason: .unknownNotResent, change)
            return nil
        }
        if try ContactStore.find(present.customerID, change.db)?.deletedAt != nil {
            try MessageStore.settle(draft.id, .suppressed, reason: .customerDeleted, change)
            return nil
        }
        guard try ConsentStore.allows(present, change.db) else {
            try MessageStore.settle(draft.id, .suppressed, reason: .noConsent, change)
            return nil
        }
        if try SuppressionStore.isSuppressed(draft.address, change.db) {
            try MessageStore.settle(draft.id, .suppressed, reason: .suppressedAddress, change)
            return nil
        }
        var message = draft
        message.attempts = present.attempts + 1
        try MessageStore.beginAttempt(message, change)
        return message
    }

    /// Settles a message that is not to be tried, or not any more. False when it was settled meanwhile.
    static func giveUp(
        _ timer: DueTimer, _ state: MessageState, _ reason: MessageReason?, response: String? = nil, _ change: Change
    ) throws -> Bool {
        guard let present = try take(timer, change) else { return false }
        try closeInterrupted(present, change)
        try MessageStore.settle(present.id, state, reason: reason, response: response, change)
        return true
    }

    /// An attempt that is still open, of a message whose timer is ours, belongs to a process that is gone or stands still.
    private static func closeInterrupted(_ message: Message, _ change: Change) throws {
        guard message.attempts > 0 else { return }
        try MessageStore.endAttempt(message.id, message.attempts, outcome: "unknown", response: nil, change)
    }

    /// Writes down what came of it, says so, and sees to what follows. Nil where nothing follows any more: this process stood still meanwhile, and the
    /// message was tried again or settled by another.
    static func end(_ message: Message, _ result: DeliveryResult, chance: Double, _ change: Change) throws -> MessageState? {
        let (outcome, response) = read(result)
        let response500 = HeaderText.oneLine(response, max: 500)
        try MessageStore.endAttempt(message.id, message.attempts, outcome: name(outcome), response: response500, change)
        guard let present = try MessageStore.find(message.id, change.db) else { return nil }
        guard present.attempts == message.attempts, present.state == .sending || present.state == .unknown else {
            // It has arrived, whatever a later attempt is waiting for.
            if outcome == .accepted, present.state == .deferred || present.state == .unknown {
                try change.unschedule(MessageStore.timerKind, key: message.id)
                return try sent(message, response500, change)
            }
            return nil
        }
        let decision = DeliveryDecision.after(
            outcome, class: message.messageClass, attempts: Int(message.attempts), since: message.createdAt, now: change.now, chance: chance
        )
        func settle(_ state: MessageState, _ reason: MessageReason? = nil, next: Timestamp? = nil) throws -> MessageState {
            try MessageStore.settle(message.id, state, reason: reason, response: response500, nextAttemptAt: next, change)
            if let next { try change.schedule(MessageStore.timerKind, key: message.id, at: next) }
            return state
        }
        switch decision {
        case .sent: return try sent(message, response500, change)
        case .retry(let time): return try settle(.deferred, next: time)
        case .gaveUp(let reason): return try settle(.failed, reason)
        case .unknown(let resendAt): return try settle(.unknown, resendAt == nil ? .unknownNotResent : nil, next: resendAt)
        case .bounced(let suppress):
            if suppress, let address = message.address { try self.suppress(address, message, response500, change) }
            try change.emit(
                "message.bounced", subject: message.customerID,
                data: message.eventData(["hard": .bool(suppress), "response": .string(response500)]), id: "\(message.id).bounced")
            return try settle(.bounced, suppress ? .mailboxRefused : .refused)
        }
    }

    private static func sent(_ message: Message, _ response: String, _ change: Change) throws -> MessageState {
        try change.emit("message.sent", subject: message.customerID, data: message.eventData(), id: "\(message.id).sent")
        try MessageStore.settle(message.id, .sent, response: response, change)
        return .sent
    }

    private static func suppress(_ address: String, _ message: Message, _ response: String, _ change: Change) throws {
        try SuppressionStore.add(
            Suppression(
                id: TypeID.make("sup", at: change.now), address: address, reason: Suppression.hardBounce, detail: response,
                messageID: message.id,
                createdAt: change.now, updatedAt: change.now), change)
    }

    private static func read(_ result: DeliveryResult) -> (AttemptOutcome, response: String) {
        switch result {
        case .accepted(let response): (.accepted, response)
        case .deferred(let code, let detail): (.deferred(code: code, detail: detail), detail)
        case .rejected(let code, let detail): (.rejected(code: code, detail: detail), detail)
        case .unknown(let detail): (.unknown, detail)
        }
    }

    private static func name(_ outcome: AttemptOutcome) -> String {
        switch outcome {
        case .accepted: "accepted"
        case .deferred: "deferred"
        case .rejected: "rejected"
        case .unknown: "unknown"
        }
    }
}
