public import Shared
import Crypto

/// Shoppers without an account. Every service finds the same id for the same e-mail, without asking anyone.
public enum Guest {
    /// `guest_` and 128 bits of SHA-256 over the normalised address; nil when the text is no address.
    public static func id(email: String?) -> String? {
        guard let key = EmailKey.make(email) else { return nil }
        let digest = Array(SHA256.hash(data: Array("vefa guest:\(key)".utf8)))
        var high: UInt64 = 0
        var low: UInt64 = 0
        for byte in digest[0..<8] { high = high << 8 | UInt64(byte) }
        for byte in digest[8..<16] { low = low << 8 | UInt64(byte) }
        return "guest_" + TypeID.encode(high: high, low: low)
    }

    public static func isGuest(_ customerID: String) -> Bool { TypeID.isValid(customerID, prefix: "guest") }
}

extension CloudEvent {
    /// Whose event this is: the named customer, or the guest its e-mail makes; nil when it is about nobody.
    public var person: String? { customerID ?? Guest.id(email: customerEmail) }
}
