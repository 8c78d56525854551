
# What was copied by hand for a checkout wins over what the package brings, and would run the checkout's program.
# move_aside OURS PACKAGES: say so, and leave it as OURS.of-checkout where it is a checkout's and not a person's own.
move_aside() {
    if [ ! -f "$1" ] || [ -L "$1" ]; then
        return 0
    fi
    name=${1##*/}
    if ! grep -qs '^Exec.*/opt/menjin/\.venv/' "$1" && ! cmp -s "$1" "$2"; then
        echo "$1 wins over the package's $2: compare them, and remove yours if you can."
        return 0
    fi
    if [ -d /run/systemd/system ] && [ "${name##*.}" = service ]; then
        deb-systemd-invoke stop "$name"
    fi
    mv "$1" "$1.of-checkout"
    echo "$1 was of a checkout; it is $name.of-checkout now, and the package's $2 takes its place."
    for link in "${1%/*}"/*.wants/"$name"; do
        if [ -L "$link" ]; then
            ln -sf "$2" "$link"
        fi
    done
}
