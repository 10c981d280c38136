import Shared

/// The settings that may be written, and what each may hold: by call and by environment alike.
enum SettingsFields {
    /// Entries of a list.
    static let maximumCount = 50

    /// Every field, in the order that it is answered in, and the variable that it has a value from until one is written.
    static let variables: [(field: String, variable: String)] = [
        ("store_name", "VEFA_STORE_NAME"), ("store_url", "VEFA_STORE_URL"), ("allowed_hosts", "VEFA_ALLOWED_HOSTS"),
        ("allowed_origins", "VEFA_ALLOWED_ORIGINS"), ("sender", "VEFA_MAIL_FROM"), ("reply_to", "VEFA_MAIL_REPLY_TO"),
        ("postal_address", "VEFA_POSTAL_ADDRESS"),
    ]

    /// What `body` writes, in the form it is kept in; null where it clears. Fields that it does not name are not in it.
    static func read(_ body: FieldReader) -> JSONObject {
        var written = JSONObject()
        func keep(_ name: String, _ value: JSON?) {
            if body.has(name) { written.members.append(.init(name: name, value: value ?? .null)) }
        }
        keep("store_name", line(body, "store_name", max: 200).map(JSON.string))
        keep("store_url", address(body).map(JSON.string))
        keep("allowed_hosts", list(body, "allowed_hosts", max: 253, "a host such as shop.example was expected", host))
        keep("allowed_origins", list(body, "allowed_origins", max: 300, "an origin such as https://shop.example was expected", origin))
        keep("sender", sender(body, "sender").map(JSON.string))
        keep("reply_to", sender(body, "reply_to").map(JSON.string))
        keep("postal_address", lines(body, "postal_address", max: 1_000).map(JSON.string))
        return written
    }

    // MARK: - One field each

    private static func address(_ body: FieldReader) -> String? {
        guard let text = body.string("store_url", max: 2_048, allowEmpty: false) else { return nil }
        if WebAddress(text) == nil { body.fail("store_url", "invalid", "an address such as https://shop.example was expected") }
        return text
    }

    private static func host(_ text: String) -> String? { WebAddress.isHost(text) ? text.lowercased() : nil }

    /// An origin as browsers write it: in lower case, and without the port that its scheme has anyway.
    static func origin(_ text: String) -> String? {
        guard let address = WebAddress(text), address.rest.isEmpty else { return nil }
        guard address.port == (address.isSecure ? 443 : 80) else { return address.origin }
        return "\(address.isSecure ? "https" : "http")://\(address.host)"
    }

    private static func sender(_ body: FieldReader, _ name: String) -> String? {
        guard let text = line(body, name, max: 400) else { return nil }
        if !SenderText.isValid(text) { body.fail(name, "invalid", "shop@example.com or The Shop <shop@example.com> was expected") }
        return text
    }

    /// One line of text.
    private static func line(_ body: FieldReader, _ name: String, max: Int) -> String? {
        guard let text = body.string(name, max: max, allowEmpty: false) else { return nil }
        guard !text.unicodeScalars.contains(where: isControl) else {
            body.fail(name, "invalid", "may not contain line breaks or control characters")
            return nil
        }
        return text
    }

    /// Text that may have several lines; a line break is one character, however it was sent.
    private static func lines(_ body: FieldReader, _ name: String, max: Int) -> String? {
        guard let text = body.string(name, max: max, allowEmpty: false)?.replacing("\r\n", with: "\n") else { return nil }
        if text.unicodeScalars.contains(where: { $0 != "\n" && isControl($0) }) {
            body.fail(name, "invalid", "may not contain control characters")
        }
        return text
    }

    private static func list(_ body: FieldReader, _ name: String, max: Int, _ expected: String, _ read: (String) -> String?) -> JSON? {
        guard let texts = body.strings(name, maxCount: maximumCount, maxLength: max) else { return nil }
        var values: [String] = []
        for (index, text) in texts.enumerated() {
            guard let value = read(text) else {
                body.issues.add(body.pointer / name / index, "invalid", expected)
                continue
            }
            if !values.contains(value) { values.append(value) }
        }
        return .from(values)
    }

    /// Also the separators that some programs take for line breaks.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar.value == 0x2028 || scalar.value == 0x2029
    }
}

/// `shop@example.com` or `The Shop <shop@example.com>`, as mails can carry it: the address in ASCII, without anything that needs quoting.
enum SenderText {
    static func isValid(_ text: String) -> Bool {
        guard let open = text.lastIndex(of: "<"), text.last == ">" else { return isAddress(text[...]) }
        return isAddress(text[text.index(after: open)...].dropLast())
    }

    private static func isAddress(_ text: Substring) -> Bool {
        let sides = text.utf8.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
        guard sides.count == 2, text.utf8.count <= 254, !sides[0].isEmpty else { return false }
        guard sides[0].allSatisfy({ isWord($0) || ".!#$%&'*+/=?^`{|}~".utf8.contains($0) }) else { return false }
        let labels = sides[1].split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return labels.allSatisfy { !$0.isEmpty && $0.allSatisfy(isWord) }
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F: true
        default: false
        }
    }
}
