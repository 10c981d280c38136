# The failures in the output of `swift test`: each issue with the remarks below it; where the run broke off, what was running.

function name_in(line) {
    sub(/^[^ ]+ Test /, "", line)
    sub(/ (started\.|with [0-9]+ test cases? (passed|failed) after .*|(passed|failed) after .*|skipped.*)$/, "", line)
    return line
}

/^◇ Test .* started\.$/ && !/^◇ Test (run|case) / { running[name_in($0)] = 1 }
/^(✔|✘|━) Test .* (passed|failed) after / { delete running[name_in($0)] }
/^(✔|✘|━) Test run with / { closed = 1 }
/^◇ Test run started/ { begun = 1 }

/^✘ Test .* recorded an issue / { tell("\n  " $0); inside = 1; next }
/^↳ / && inside { tell("    " $0); next }
/^✘ ended after / { tell("\n  " $0) }
/: (Fatal error|Precondition failed|Assertion failed)|^error: / { tell("\n  " $0) }
{ inside = 0 }

function tell(line) {
    if (++told <= 400) print line
    else if (told == 401) print "  … more in .build/test-output/"
}

END {
    if (!begun || closed) exit
    tell("\n  ✘ The run broke off. These tests had begun and not ended:")
    for (name in running)
        if (++shown <= 40) print "      " name
}
