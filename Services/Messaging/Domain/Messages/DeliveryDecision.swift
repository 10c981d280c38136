import Shared

/// What one attempt came to, whichever way the mail went.
public enum AttemptOutcome: Sendable, Equatable {
    case accepted
    /// 4xx, no connection, a time-out before the message was out.
    case deferred(code: Int?, detail: String)
    /// 5xx.
    case rejected(code: Int, detail: String)
    /// The message was out when the line broke.
    case unknown
}

/// What is done with a message after an attempt. Pure: time and chance are passed in.
public enum DeliveryDecision: Sendable, Equatable {
    case sent
    case retry(at: Timestamp)
    /// `suppress`: the mailbox itself is gone or never was, and must not be written to again.
    case bounced(suppress: Bool)
    case gaveUp(MessageReason)
    /// The fate is unknown; `resendAt` is set where the class of the message has it sent again.
    case unknown(resendAt: Timestamp?)

    /// Attempts after which an unknown fate is left unknown.
    public static let mostUnknownAttempts = 3

    /// - Parameters:
    public static func after(
        _ outcome: AttemptOutcome, class messageClass: MessageClass, attempts: Int, since: Timestamp, now: Timestamp, chance: Double
    ) -> DeliveryDecision {
        switch outcome {
        case .accepted: return .sent
        case .rejected(let code, let detail): return .bounced(suppress: MailboxRefusal.isPermanent(code: code, detail: detail))
        case .deferred:
            let next = RetrySchedule.next(attempts: attempts, now: now, chance: chance)
            return now >= since.adding(milliseconds: RetrySchedule.lifetimeMilliseconds) ? .gaveUp(.expired) : .retry(at: next)
        case .unknown:
            switch messageClass {
            case .marketing: return .unknown(resendAt: nil)
            case .transactional:
                // A server that takes every mail and never says so must not fill an inbox.
                let next = RetrySchedule.next(attempts: attempts, now: now, chance: chance)
                return .unknown(resendAt: attempts < mostUnknownAttempts ? next : nil)
            }
        }
    }
}

/// When to try again. Soon at first, since a mail server that restarts is back in seconds; then ever slower, for three days (RFC 5321,
/// 4.5.4.1 asks for four to five at most; a confirmation older than that is no news).
public enum RetrySchedule {
    public static let lifetimeMilliseconds: Int64 = 3 * 86_400_000
    private static let delaysSeconds: [Int64] = [5, 15, 60, 300, 900, 3_600]
    private static let longestDelaySeconds: Int64 = 4 * 3_600

    /// The delay grows with `attempts` (1 after the first) and is spread by up to a fifth, so that a queue held back together does not come
    /// back together.
    public static func next(attempts: Int, now: Timestamp, chance: Double) -> Timestamp {
        let index = max(0, attempts - 1)
        let seconds = index < delaysSeconds.count ? delaysSeconds[index] : longestDelaySeconds
        let spread = Double(seconds) * 1_000 * 0.2 * min(max(chance, 0), 1)
        return now.adding(milliseconds: seconds * 1_000 + Int64(spread))
    }
}

/// Whether a refusal concerns the mailbox (it does not exist, it was closed), and not this mail, our sender or a policy of the day.
public enum MailboxRefusal {
    /// Goes by the enhanced status code (RFC 3463) where the reply has one: 5.1.x except the sender's own (5.1.7, 5.1.8), and 5.2.1.
    /// Without one by the reply code alone: 550, 551 and 553.
    public static func isPermanent(code: Int, detail: String) -> Bool {
        guard let status = enhancedStatus(in: detail) else { return [550, 551, 553].contains(code) }
        guard status.class == 5 else { return false }
        switch (status.subject, status.detail) {
        case (1, 7), (1, 8): return false
        case (1, _), (2, 1): return true
        default: return false
        }
    }

    /// The first `5.1.1` in the text that stands as a word.
    static func enhancedStatus(in text: String) -> (class: Int, subject: Int, detail: Int)? {
        for word in text.split(whereSeparator: { !($0.isASCII && ($0.isNumber || $0 == ".")) }) {
            let parts = word.split(separator: ".", omittingEmptySubsequences: false).map { Int($0) }
            guard parts.count == 3, let first = parts[0], let second = parts[1], let third = parts[2] else { continue }
            if [2, 4, 5].contains(first), (0...999).contains(second), (0...999).contains(third) { return (first, second, third) }
        }
        return nil
    }
}
