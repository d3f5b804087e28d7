/**
 * A file is safe for root to run when nobody else can change it, nor put another in its place: it and every folder
 * above it belong to root and are written by root alone. A folder that others write may be above it only with the
 * sticky bit (/tmp, /var/tmp), where what belongs to root stays root's.
 */

/**
 * Defines `only_root PATH [UID]`: PATH is a physical one, and UID somebody who is root anyway. Says what is wrong.
 * Its callers turn globbing off (`set -f`).
 */
export const ONLY_ROOT = `only_root() {
  path=$1
  while :; do
    set -- "$1" "$2" $(ls -ldn "$path" 2>/dev/null)
    case $3 in
      [d-]????-??-*) ;;
      d????????[tT]*) [ "$path" != "$1" ] || { printf '%s can be changed by everybody' "$path"; return 1; } ;;
      '') printf '%s cannot be read' "$path"; return 1 ;;
      *) printf '%s can be changed by others (%s)' "$path" "$3"; return 1 ;;
    esac
    [ "$5" = 0 ] || [ "$5" = "\${2:-0}" ] || { printf '%s belongs to user %s' "$path" "$5"; return 1; }
    [ "$path" != / ] || return 0
    path=$(dirname "$path")
  done
}`;
