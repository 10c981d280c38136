public import Shared

/// Something a merchant defines and changes as time goes: an earning rule, a tier, a reward, an offer. Every version is kept; what happened under one
/// names it, and a later change never rewrites it.
public protocol Definition: Sendable, Equatable {
    /// What the store files it under.
    static var kind: String { get }
    /// Of its ids.
    static var idPrefix: String { get }
    /// What a sentence calls it.
    static var noun: String { get }

    var id: String { get }
    /// Counts its changes from 1.
    var version: Int64 { get }

    /// Reads it as the API takes it, and as ``json`` wrote it. What is wrong is noted with its pointer, and answers nil.
    init?(_ reader: FieldReader, id: String, version: Int64)

    /// All of it as the API answers it, `id` and `version` included.
    var json: JSONObject { get }
}

extension EarningRule: Definition {
    public static let kind = "earning_rule"
    public static let idPrefix = "rule"
    public static let noun = "earning rule"
}
