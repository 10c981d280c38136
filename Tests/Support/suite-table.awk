# A table of suites from an xunit report: how many tests passed, failed and were skipped, and the time they took together.

function attribute(name,    found) {
    if (!match($0, " " name "=\"[^\"]*\"")) return ""
    found = substr($0, RSTART, RLENGTH)
    gsub(/^[^"]*"|"$/, "", found)
    return found
}

/<testcase / {
    split(attribute("classname"), part, ".")
    suite = part[1] (part[2] == "" ? "" : "." part[2])
    if (!(suite in tests)) order[++suites] = suite
    tests[suite]++
    time[suite] += attribute("time")
}
/<failure/ && !broken[suite, tests[suite]]++ { failed[suite]++ }
/<skipped/ { skipped[suite]++ }

END {
    # By name: mawk has no sort.
    for (i = 2; i <= suites; i++) {
        moved = order[i]
        for (j = i - 1; j >= 1 && order[j] > moved; j--) order[j + 1] = order[j]
        order[j + 1] = moved
    }
    for (i = 1; i <= suites; i++) {
        suite = order[i]
        printf "  %s %-64s %8.2f s %5d passed", failed[suite] ? "✘" : "✔", suite, time[suite], tests[suite] - failed[suite] - skipped[suite]
        if (failed[suite]) printf ", %d failed", failed[suite]
        if (skipped[suite]) printf ", %d skipped", skipped[suite]
        print ""
    }
}
