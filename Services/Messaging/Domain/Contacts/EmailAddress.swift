/// What a mail server can be handed as a recipient.
public enum EmailAddress {
    public static let maximumLength = 254

    /// Whether a mail may be addressed so: `local@domain` of RFC 5321's lengths, without the characters that could end an SMTP command or a
    /// header (white space, controls, angle brackets, quotes). Letters beyond ASCII are allowed (RFC 6531). It does not say that anybody
    /// reads it.
    public static func isDeliverable(_ address: String) -> Bool {
        guard !address.isEmpty, address.utf8.count <= maximumLength else { return false }
        let parts = address.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, let local = parts.first, let domain = parts.last else { return false }
        guard (1...64).contains(local.utf8.count), !domain.isEmpty, domain.utf8.count <= 253 else { return false }
        guard !address.unicodeScalars.contains(where: isUnsafe) else { return false }
        return domain.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
        }
    }

    /// The part after the `@`, lower-cased; nil where there is none.
    public static func domain(of address: String) -> String? {
        guard let at = address.lastIndex(of: "@") else { return nil }
        let domain = address[address.index(after: at)...]
        return domain.isEmpty ? nil : domain.lowercased()
    }

    private static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value <= 0x20 || (0x7F...0xA0).contains(scalar.value) || scalar.properties.isWhitespace
            || "<>()[]\\,;:\"".unicodeScalars.contains(scalar)
    }
}
