#if Postgres
    /// What has to be known about a statement's text before the server sees it.
    enum PostgresText {
        /// A statement as the server takes it.
        struct Translated {
            /// With `$1`, `$2`, … for `?`.
            var text: String
            var places: Int
        }

        /// Puts `$n` for every `?` that is not inside a string, a quoted name or a comment.
        static func translated(_ text: String) -> Translated {
            var result: [UInt8] = []
            result.reserveCapacity(text.utf8.count + 16)
            var places = 0
            scan(text) { byte, isCode in
                if isCode, byte == UInt8(ascii: "?") {
                    places += 1
                    result.append(UInt8(ascii: "$"))
                    result += String(places).utf8
                } else {
                    result.append(byte)
                }
            }
            return Translated(text: String(decoding: result, as: UTF8.self), places: places)
        }

        /// The statements of a script, without the `;` between them.
        static func statements(_ script: String) -> [String] {
            var found: [[UInt8]] = [[]]
            scan(script) { byte, isCode in
                if isCode, byte == UInt8(ascii: ";") { found.append([]) } else { found[found.count - 1].append(byte) }
            }
            return found.map { String(decoding: $0, as: UTF8.self) }.filter { !firstWord($0).isEmpty || $0.contains { !$0.isWhitespace } }
        }

        /// In upper case.
        static func firstWord(_ text: String) -> String {
            text.drop { $0.isWhitespace || $0 == ";" }.prefix { $0.isLetter }.uppercased()
        }

        /// Hands over byte after byte, and whether it is code: not inside '…', "…", -- … or /* … */.
        private static func scan(_ text: String, _ body: (UInt8, _ isCode: Bool) -> Void) {
            enum Place {
                case code, line
                case block(depth: Int)
                case quoted(by: UInt8)
            }
            var text = text
            text.withUTF8 { bytes in
                var place = Place.code
                var index = 0
                while index < bytes.count {
                    let byte = bytes[index]
                    let next = index + 1 < bytes.count ? bytes[index + 1] : 0
                    switch place {
                    case .code:
                        var pair = false
                        switch (byte, next) {
                        case (UInt8(ascii: "'"), _), (UInt8(ascii: "\""), _): place = .quoted(by: byte)
                        case (UInt8(ascii: "-"), UInt8(ascii: "-")): place = .line
                        case (UInt8(ascii: "/"), UInt8(ascii: "*")):
                            place = .block(depth: 1)
                            pair = true
                        default: break
                        }
                        body(byte, true)
                        if pair {
                            body(next, false)
                            index += 1
                        }
                    case .line:
                        if byte == UInt8(ascii: "\n") { place = .code }
                        body(byte, false)
                    case .block(let depth):
                        body(byte, false)
                        if (byte, next) == (UInt8(ascii: "*"), UInt8(ascii: "/")) {
                            place = depth == 1 ? .code : .block(depth: depth - 1)
                            body(next, false)
                            index += 1
                        } else if (byte, next) == (UInt8(ascii: "/"), UInt8(ascii: "*")) {
                            place = .block(depth: depth + 1)
                            body(next, false)
                            index += 1
                        }
                    case .quoted(let mark):
                        // A doubled mark ends one text and begins the next, which comes to the same.
                        if byte == mark { place = .code }
                        body(byte, false)
                    }
                    index += 1
                }
            }
        }
    }
#endif
