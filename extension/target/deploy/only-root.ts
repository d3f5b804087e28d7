/**
 * A file is safe for root to run when nobody else can change it, nor put another in its place: it and every folder
 * above it belong to root and are written by root alone. A folder that others write may be above it only with the
 * sticky bit (/tmp, /var/tmp), where what belongs to root stays root's.
 */

/**
 * Defines `only_root PATH [UID]`: PATH is a physical one, and UID somebody who is root anyway. Says what is wrong. One
 * `ls` for the whole way down: it sorts a folder before what is in it.
 */
export const ONLY_ROOT = `only_root() {
  path=$1 trusted=\${2:-0}
  set -- "$path"
  while [ "$path" != / ]; do
    path=\${path%/*}
    set -- "\${path:=/}" "$@"
  done
  ls -ldn "$@" 2>/dev/null | {
    for path; do
      shift
      read -r mode _ owner _ || { printf '%s cannot be read' "$path"; exit 1; }
      case $mode in
        [d-]????-??-*) ;;
        d????????[tT]*) [ "$#" -gt 0 ] || { printf '%s can be changed by everybody' "$path"; exit 1; } ;;
        *) printf '%s can be changed by others (%s)' "$path" "$mode"; exit 1 ;;
      esac
      [ "$owner" = 0 ] || [ "$owner" = "$trusted" ] || { printf '%s belongs to user %s' "$path" "$owner"; exit 1; }
    done
  }
}`;
