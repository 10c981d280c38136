# Reads `tail -v` of Vefa's log files and tells each line for a person: JSON objects as time, level, message, the other fields
# as key=value and the beginning of the trace id; anything else as it is.
#
#   tail -v -f loyalty.log gateway.log | awk -v colour=1 -f compose/readable-log.awk
#
# The label before each line is the file's name; colour is 0 for plain text.

BEGIN {
    longest = 16000
    split("loyalty 36 referral 35 messaging 34 survey 32 gateway 33 vefa 1", pair, " ")
    for (i = 1; i in pair; i += 2) tint[pair[i]] = pair[i + 1]
    # A line leaves in one piece, with its end.
    ORS = ""
}

# tail's header, and the empty line before it, which is held until the next line shows what it was.
/^==> .*\.log <==$/ {
    label = $0
    gsub(/^.*\/|^==> |\.log <==$/, "", label)
    if (label == "launcher") label = "vefa"
    prefix = paint(tint[label], substr(label "         ", 1, 9) " │ ")
    held = 0
    next
}

{
    if (held) tell("")
    held = $0 == ""
    if (!held) tell($0)
}

END { if (held) tell("") }

function tell(line) {
    if (length(line) > longest)
        line = substr(line, 1, longest) " … (the whole line is in the log file)"
    else if (line ~ /^\{.*\}$/)
        line = readable(line)
    print prefix line "\n"
    fflush()
}

function paint(code, text) {
    return colour ? "\033[" code "m" text "\033[0m" : text
}

# The line told again, or the line itself where it turns out not to be JSON.
function readable(line,    rest, key, value, taken, text, time, level, message, trace, fields) {
    rest = substr(line, 2)
    while (1) {
        sub(/^[ \t,]+/, "", rest)
        if (rest ~ /^\}$/) break
        if (!match(rest, /^"([^"\\]|\\.)*"/)) return line
        key = unescaped(substr(rest, 2, RLENGTH - 2))
        rest = substr(rest, RLENGTH + 1)
        if (!sub(/^[ \t]*:[ \t]*/, "", rest)) return line

        taken = valueLength(rest)
        if (!taken) return line
        value = substr(rest, 1, taken)
        rest = substr(rest, taken + 1)
        text = value ~ /^"/ ? unescaped(substr(value, 2, length(value) - 2)) : value

        if (key == "ts") time = text
        else if (key == "level") level = text
        else if (key == "msg") message = text
        else if (key == "trace_id") trace = text
        else if (key != "service") fields = fields "  " paint(2, key "=") (text ~ /[ \n]/ ? value : text)
    }
    if (message == "" && level == "") return line
    if (match(time, /T[0-9:.]+/)) time = substr(time, RSTART + 1, RLENGTH - 1)
    return paint(2, substr(time "            ", 1, 12)) " " levelled(level) " " message fields \
        (trace == "" ? "" : "  " paint(2, "trace=" substr(trace, 1, 8)))
}

function levelled(level,    name) {
    name = substr(toupper(level) "        ", 1, 8)
    if (level ~ /^(error|critical|fatal)$/) return paint("1;31", name)
    if (level ~ /^warn/) return paint(33, name)
    if (level ~ /^(debug|trace)$/) return paint(2, name)
    return paint(32, name)
}

# How many characters the JSON value at the start of `text` takes; 0 where there is none.
function valueLength(text,    first, depth, i, c, inString) {
    first = substr(text, 1, 1)
    if (first == "\"") return match(text, /^"([^"\\]|\\.)*"/) ? RLENGTH : 0
    if (first != "{" && first != "[") return match(text, /^[-+.0-9A-Za-z]+/) ? RLENGTH : 0
    for (i = 1; i <= length(text); i++) {
        c = substr(text, i, 1)
        if (inString) {
            if (c == "\\") i++
            else if (c == "\"") inString = 0
        } else if (c == "\"") inString = 1
        else if (c == "{" || c == "[") depth++
        else if ((c == "}" || c == "]") && --depth == 0) return i
    }
    return 0
}

# Newlines continue under the label; \u escapes stay as they are, so no control character reaches a terminal.
function unescaped(text,    out, at, c) {
    if (!index(text, "\\")) return text
    out = ""
    while ((at = index(text, "\\")) > 0) {
        c = substr(text, at + 1, 1)
        out = out substr(text, 1, at - 1)
        if (c == "n") out = out "\n" prefix "    "
        else if (c == "t") out = out "\t"
        else if (c == "\"" || c == "\\" || c == "/") out = out c
        else out = out "\\" c
        text = substr(text, at + 2)
    }
    return out text
}
