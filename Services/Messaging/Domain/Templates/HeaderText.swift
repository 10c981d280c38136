/// Text on its way into a mail header.
public enum HeaderText {
    public static let maximumLength = 255

    /// One line: line ends, tabs and control characters become spaces, runs of spaces one, and what is too long is cut at a character. A
    /// name with a line end in it can so never start a header of its own.
    public static func oneLine(_ text: String, max: Int = maximumLength) -> String {
        var line = ""
        var pendingSpace = false
        for scalar in text.unicodeScalars {
            if scalar.properties.isWhitespace || isControl(scalar) {
                pendingSpace = !line.isEmpty
                continue
            }
            if pendingSpace { line.unicodeScalars.append(" ") }
            pendingSpace = false
            line.unicodeScalars.append(scalar)
        }
        guard line.count > max else { return line }
        return line.prefix(max - 1) + "…"
    }

    /// Cc and Cf: a bidirectional override in a subject would turn the rest of an inbox line around. Joiners that scripts and emoji need
    /// are kept.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: true
        case .format: scalar.value != 0x200C && scalar.value != 0x200D
        default: false
        }
    }
}
