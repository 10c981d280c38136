# Counts the tests in the output of `swift test`: prints "passed failed skipped". status: the exit status of that command.
#
# Swift Testing's closing line names how many tests there were, the skipped ones among them. A run that broke off has no
# closing line: then the tests that ended are counted, and the break itself is one failure.

/^✘ Test .* failed after / && !/^✘ Test (run|case) / { failed++ }
/^(✔|━) Test .* passed after / && !/^. Test (run|case) / { ended++ }
/^➜ Test .* skipped/ { skipped++ }
/^(✔|✘|━) Test run with [0-9]+ tests? / {
    closed = 1
    match($0, /with [0-9]+/)
    total += substr($0, RSTART + 5, RLENGTH - 5)
}

END {
    passed = closed ? total - failed - skipped : ended + 0
    if (status != 0 && (!closed || !failed)) {
        failed++
        if (closed && passed > 0) passed--
    }
    print passed + 0, failed + 0, skipped + 0
}
