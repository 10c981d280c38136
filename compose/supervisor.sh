# shellcheck shell=bash disable=SC2154,SC2034
# (shellcheck: the variables named next come from compose/local, and some of these go there)
# Starts the five executables, shows their logs, restarts what dies, and stops them in order. Sourced by compose/local,
# which sets: root, bin, logs, run (folders), services, colour, lock, stderr and port[], and has say().
#
# A child must not outlive this shell, not even after kill -9: each gets the read end of a FIFO as descriptor 3, the only
# write end (`lifeline`) stays here, and a child that reads end-of-file there ends itself. So everything long-lived that is
# started from here closes `lifeline`.

readonly restart_first_ms=200 restart_longest_ms=5000 restart_forgotten_ms=30000
readonly gateway_drain_ms=7000 drain_ms=15000
readonly log_limit_bytes=$((64 * 1024 * 1024))
readonly exit_configuration=78 # EX_CONFIG: a restart cannot mend it

declare -A pid=() port=() ended_with=() started_ms=() restart_ms=() restart_at=()
stop_requested=0 restart_due=0 interrupts=0 interrupted_us=0 interrupted_twice=0 misconfigured=''
viewer='' said_to=''

# Machine time in `now`, milliseconds; uptime, because the wall clock may jump.
clock() {
    local uptime
    read -r uptime _ </proc/uptime
    now=$((10#${uptime/./} * 10))
}

# Waits $1 seconds, less when a child ends or a signal comes. (Not `read -t`: it can hang when a trap reads too.)
tick() {
    local sleeper ended='' status
    sleep "$1" >/dev/null 2>&1 {lifeline}>&- {lock}>&- {stderr}>&- &
    sleeper=$!
    wait -n -p ended
    status=$?
    [[ -n ${ended:-} && $ended != "$sleeper" ]] && ended_with[$ended]=$status
    kill "$sleeper" 2>/dev/null
    wait "$sleeper"
}

executable_of() { [[ $1 == gateway ]] && echo gateway || echo "$1-svc"; }

# --- Signals ---------------------------------------------------------------------------------------------------------

on_stop() { stop_requested=1; }

# The second Ctrl-C kills. A terminal wrapper may pass one key press on twice, so half a second must lie between.
on_interrupt() {
    local at=${EPOCHREALTIME/[.,]/}
    if ((interrupts == 0 || at - interrupted_us >= 500000)); then interrupts=$((interrupts + 1)); fi
    interrupted_us=$at stop_requested=1
}

open_lifeline() {
    rm -f "$run/lifeline"
    mkfifo -m 600 "$run/lifeline" || return 1
    # Read and write, so that opening does not wait for a reader.
    exec {lifeline}<>"$run/lifeline"
    trap on_interrupt INT
    trap on_stop TERM HUP
    trap : PIPE # a closed terminal or pipe must not end the suite before its drain
}

# --- Children --------------------------------------------------------------------------------------------------------

start_service() {
    local name=$1 program
    program=$(executable_of "$name")
    (
        # Descriptor 3 is opened while the write end is still here, so it cannot block; then the write end goes.
        exec 3<"$run/lifeline" {lifeline}>&- {lock}>&- {stderr}>&-
        [[ $name == gateway ]] || unset VEFA_BOOTSTRAP_SECRET_KEY VEFA_CUSTOMER_TOKEN_SECRET
        export VEFA_PORT=${port[$name]}
        # A session of its own: the terminal's Ctrl-C reaches this shell only, which then stops the five in order.
        exec setsid "$bin/$program" </dev/null >>"$logs/$name.log" 2>&1
    ) &
    pid[$name]=$!
    clock
    started_ms[$name]=$now
    echo "${pid[$name]}" >"$run/$name.pid"
    echo "${port[$name]}" >"$run/$name.port"
}

# Collects one child that ended and decides when it comes back.
note_end_of() {
    local name=$1 status how signal_name
    status=${ended_with[${pid[$name]}]:-}
    if [[ -z $status ]]; then
        wait "${pid[$name]}"
        status=$?
    fi
    unset "ended_with[${pid[$name]}]"
    pid[$name]=''
    rm -f "$run/$name.pid"
    ((stop_requested)) && return
    if ((status == exit_configuration)); then
        misconfigured=$name stop_requested=1
        return
    fi
    how="exit status $status"
    if ((status > 128)) && signal_name=$(kill -l $((status - 128)) 2>/dev/null); then how="signal $signal_name"; fi
    clock
    local delay=${restart_ms[$name]:-$restart_first_ms}
    ((now - started_ms[$name] >= restart_forgotten_ms)) && delay=$restart_first_ms
    restart_at[$name]=$((now + delay))
    restart_ms[$name]=$((delay * 2 > restart_longest_ms ? restart_longest_ms : delay * 2))
    say "$(executable_of "$name") died ($how); starting it again in $((delay / 1000)).$((delay % 1000 / 100)) s"
}

is_running() { [[ -n ${pid[$1]:-} ]] && kill -0 "${pid[$1]}" 2>/dev/null; }

# One round: whoever ended is noted, whoever is due starts again. `restart_due` says that somebody still waits for that.
look_after_services() {
    local name
    restart_due=0
    for name in "${services[@]}"; do
        if [[ -n ${pid[$name]:-} ]]; then
            is_running "$name" || note_end_of "$name"
        fi
        if [[ -z ${pid[$name]:-} ]] && ((!stop_requested)); then
            clock
            restart_due=1
            if ((now >= restart_at[$name])); then
                start_service "$name"
                say "$(executable_of "$name") is started again (pid ${pid[$name]})"
            fi
        fi
    done
}

# Waits until the named services ended, at most until $1 (machine ms). A second Ctrl-C ends the wait.
await_end() {
    local until=$1 name waiting=1
    shift
    while ((waiting && interrupts < 2)); do
        waiting=0
        for name in "$@"; do
            [[ -n ${pid[$name]:-} ]] || continue
            if is_running "$name"; then waiting=1; else note_end_of "$name"; fi
        done
        clock
        ((now < until)) || break
        ((waiting)) && tick 0.1
    done
}

signal() {
    local name
    for name in "${@:2}"; do
        if is_running "$name"; then kill "-$1" "${pid[$name]}" 2>/dev/null; fi
    done
}

# The gateway first: it answers what it has begun while the services behind it still run.
stop_services() {
    local begun name behind=() late=()
    for name in "${services[@]}"; do [[ $name == gateway ]] || behind+=("$name"); done
    stop_requested=1
    clock
    begun=$now
    signal TERM gateway
    await_end $((begun + gateway_drain_ms)) gateway
    signal TERM "${behind[@]}"
    await_end $((begun + drain_ms)) "${services[@]}"
    for name in "${services[@]}"; do
        if is_running "$name"; then late+=("$(executable_of "$name")"); fi
    done
    ((${#late[@]})) || return 0
    say "killing what has not drained: ${late[*]}"
    signal KILL "${services[@]}"
    ((interrupts > 1)) && interrupted_twice=1
    interrupts=0
    await_end $((now + 5000)) "${services[@]}"
}

# --- Logs ------------------------------------------------------------------------------------------------------------
# Everybody writes into files, which viewers follow: a stopped terminal or a pipe that nobody reads stops no service, and
# does not keep this shell from restarting or stopping them either.

open_logs() {
    local name files=()
    for name in launcher "${services[@]}"; do
        [[ -f $logs/$name.log ]] && mv -f "$logs/$name.log" "$logs/$name.log.1"
        : >"$logs/$name.log"
        files+=("$logs/$name.log")
    done
    (
        exec 3<"$run/lifeline" {lifeline}>&- {lock}>&- {stderr}>&-
        exec "$root/compose/view-log" "$colour" "${files[@]}"
    ) &
    viewer=$!
    said_to=$logs/launcher.log
}

# Lets the viewer show the rest, but not for ever: its reader may have gone.
close_logs() {
    local tries
    exec {lifeline}>&-
    for ((tries = 0; tries < 30; tries++)); do
        kill -0 "$viewer" 2>/dev/null || return
        sleep 0.1
    done
    kill -KILL -- "-$viewer" 2>/dev/null
}

# A log past its limit becomes the previous one; children append, so they go on in the emptied file.
keep_logs_small() {
    local name size
    for name in launcher "${services[@]}"; do
        size=$(stat -c %s "$logs/$name.log" 2>/dev/null) || continue
        if ((size > log_limit_bytes)); then cp -f "$logs/$name.log" "$logs/$name.log.1" && : >"$logs/$name.log"; fi
    done
}
