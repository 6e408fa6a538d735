# Waits until whoever started the private server is gone, however that happened, then stops the server and removes
# its folder. Each line on standard input is the server's process id, or empty when there is none; the end of input is
# the signal.
trap '' HUP INT TERM
folder=$1
server=
while read -r line; do
    server=$line
done
lock=$folder/data/postmaster.pid
if [ -z "$server" ] && [ -f "$lock" ]; then
    read -r server <"$lock"
fi
if [ -n "$server" ]; then
    kill -QUIT "$server" 2>/dev/null
    tries=0
    # The lock file tells a stopped server from a process that nobody has waited for yet.
    while [ -f "$lock" ] && kill -0 "$server" 2>/dev/null; do
        tries=$((tries + 1))
        if [ "$tries" -eq 250 ]; then
            kill -KILL "$server" 2>/dev/null
        elif [ "$tries" -ge 300 ]; then
            break
        fi
        sleep 0.02
    done
fi
tries=0
while [ -e "$folder" ] && [ "$tries" -lt 100 ]; do
    rm -rf "$folder" 2>/dev/null
    tries=$((tries + 1))
    [ -e "$folder" ] && sleep 0.05
done
