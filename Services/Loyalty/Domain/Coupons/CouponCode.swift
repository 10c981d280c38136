import Shared

/// A coupon's code as it is kept and compared: `A–Z`, `0–9`, `-` and `_`.
public struct CouponCode: Sendable, Hashable {
    public let text: String

    /// Reads a code as people type it (``CodeText/fold(_:alsoAllowed:)``); nil for what can be no code.
    public init?(_ text: String) {
        guard let bytes = CodeText.fold(text) else { return nil }
        self.init(bytes)
    }

    init?(_ bytes: [UInt8]) {
        guard (1...CodeText.maximumLength).contains(bytes.count) else { return nil }
        text = String(decoding: bytes, as: UTF8.self)
    }
}
