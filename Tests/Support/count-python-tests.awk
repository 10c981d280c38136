# Counts the tests in the output of `python3 -m unittest`: prints "passed failed skipped". status: the exit status of that command.
# A run that ended badly without saying so, or in which no test ran, is one failure.

function figure(name) {
    return match($0, name "=[0-9]+") ? substr($0, RSTART + length(name) + 1, RLENGTH - length(name) - 1) : 0
}

/^Ran [0-9]+ tests? in / { ran = $2 }
/^(OK|FAILED)( \(|$)/ { failed = figure("failures") + figure("errors"); skipped = figure("skipped") }

END {
    if (!failed && (status != 0 || !ran)) failed = 1
    passed = ran - failed - skipped
    print (passed > 0 ? passed : 0), failed + 0, skipped + 0
}
