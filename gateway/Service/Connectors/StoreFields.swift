import Shared

/// Reads an object of a store's body leniently: what is absent, null, blank or of an odd type is nil, and nothing is an error. Stores
/// write the same field as number, string or null from one version to the next.
struct StoreFields {
    let object: JSONObject

    init(_ object: JSONObject) { self.object = object }

    init?(_ json: JSON?) {
        guard case .object(let object)? = json else { return nil }
        self.object = object
    }

    subscript(_ name: String) -> JSON? { object[name] }

    /// Trimmed text, numbers as written. Nil when blank, when it has a NUL, and when longer than `max` bytes: a description that no
    /// schema here takes must not cost the order.
    func text(_ name: String, max: Int = 1_024) -> String? {
        switch object[name] {
        case .string(let text)?: Self.clean(text, max: max)
        case .int(let number)?: String(number)
        default: nil
        }
    }

    static func clean(_ text: String, max: Int) -> String? {
        guard text.utf8.count <= max, !text.utf8.contains(0) else { return nil }
        let trimmed = text.drop(while: \.isWhitespace)
        guard let end = trimmed.lastIndex(where: { !$0.isWhitespace }) else { return nil }
        return String(trimmed[...end])
    }

    /// A store's id as text. Numbers become their digits, a GraphQL id its last part; 0 and blank mean nobody.
    func id(_ name: String) -> String? {
        let id: String?
        switch object[name] {
        case .string(let text)?:
            let clean = Self.clean(text, max: CloudEvent.maximumTextLength)
            id = clean?.hasPrefix("gid://") == true ? clean?.split(separator: "/").last.map(String.init) : clean
        case let number?: id = number.int.map(String.init)
        case nil: id = nil
        }
        return id == "0" ? nil : id
    }

    /// A whole number, written as number or digits.
    func whole(_ name: String) -> Int64? {
        switch object[name] {
        case .string(let text)?: Int64(text)
        case let number?: number.int
        case nil: nil
        }
    }

    func flag(_ name: String) -> Bool? { object[name]?.bool }

    func child(_ name: String) -> StoreFields? { StoreFields(object[name]) }

    /// The objects of a list; empty when there is none.
    func list(_ name: String) -> [StoreFields] { object[name]?.array?.compactMap { StoreFields($0) } ?? [] }

    /// The texts of a comma-separated field or of a list of strings, at most 255 bytes each.
    func words(_ name: String) -> [String]? {
        switch object[name] {
        case .string(let text)?: text.split(separator: ",").compactMap { Self.clean(String($0), max: 255) }
        case .array(let items)?: items.compactMap { $0.string.flatMap { Self.clean($0, max: 255) } }
        default: nil
        }
    }

    /// An RFC 3339 time; a time without a zone is read as UTC.
    func time(_ name: String) -> Timestamp? {
        guard let text = object[name]?.string else { return nil }
        return Timestamp(rfc3339: text) ?? Timestamp(rfc3339: text + "Z")
    }
}

/// Reads a store's decimals as minor units of one currency.
struct StoreAmounts {
    /// Nil when the body does not say and nobody knows: two decimals, as most currencies have.
    let currency: Currency?
    private static let ordinary = Currency("USD")

    /// Minor units; nil when absent, blank or no number. Throws where it is a number that no amount can be.
    func minor(_ value: JSON?) throws -> Int64? {
        switch value {
        case .string(let text)?:
            guard let clean = StoreFields.clean(text, max: 64), Self.looksNumeric(clean) else { return nil }
            return try read(clean)
        case .int(let number)?: return try read(String(number))
        // The shortest text that reads back as the same Double is the decimal the store wrote.
        case .double(let number)?: return try read(abs(number) < 1e-4 ? "0" : String(number))
        default: return nil
        }
    }

    func minor(_ fields: StoreFields?, _ name: String) throws -> Int64? { try minor(fields?[name]) }

    /// The sum, nil when there is no amount among them.
    func sum(_ amounts: [Int64?]) throws -> Int64? {
        var total: Int64?
        for case let amount? in amounts {
            let (sum, overflow) = (total ?? 0).addingReportingOverflow(amount)
            if overflow { throw Untranslatable(reason: "amounts past 2^63") }
            total = sum
        }
        return total
    }

    /// `price` × `quantity`.
    func product(_ price: Int64, _ quantity: Int64) throws -> Int64 {
        let (product, overflow) = price.multipliedReportingOverflow(by: quantity)
        if overflow { throw Untranslatable(reason: "amounts past 2^63") }
        return product
    }

    private func read(_ text: String) throws -> Int64 {
        guard let amount = (currency ?? Self.ordinary)?.minorUnits(text) else { throw Untranslatable(reason: "an amount out of range") }
        return amount
    }

    private static func looksNumeric(_ text: String) -> Bool {
        let digits = text.utf8.drop { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") }
        guard text.utf8.count - digits.count <= 1, digits.contains(where: { (0x30...0x39).contains($0) }) else { return false }
        return digits.allSatisfy { (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }
            && digits.count(where: { $0 == UInt8(ascii: ".") }) <= 1
    }
}
