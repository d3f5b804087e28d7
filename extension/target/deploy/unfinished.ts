/** Folders of uploads that are not finished: whose they are, and which nobody uses any more. */

/**
 * Shell functions. `begin FOLDER` makes a folder and writes down which shell uses it; `finished` is for before it gets
 * its name; `clear FOLDER` removes from a folder of root's what uploads left that were cut: those of shells that are
 * gone, and, where that cannot be told (another PID namespace, earlier versions), what is an hour old.
 */
export const UNFINISHED = `
started() { # PID: when it started, in ticks since the boot
  # Behind the name, which may have any character, it is the 20th (proc(5)).
  sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 20
}
begin() { mkdir -p "$1" && printf '%s %s %s\\n' $$ "$(started $$)" "$(readlink /proc/self/ns/pid)" > "$1/.user"; }
finished() { rm -f .user; }
clear() (
  set +f
  cd "$1" 2>/dev/null || exit
  for folder in .tmp-*; do
    [ -d "$folder" ] && [ ! -L "$folder" ] || continue
    read -r pid since namespace 2>/dev/null < "$folder/.user" || namespace=
    if [ -n "$namespace" ] && [ "$namespace" = "$(readlink /proc/self/ns/pid)" ]; then
      [ "$(started "$pid")" = "$since" ] || rm -rf "$folder"
    else
      find "$folder" -maxdepth 0 -mmin +60 -exec rm -rf {} + 2>/dev/null
    fi
  done
)`;
