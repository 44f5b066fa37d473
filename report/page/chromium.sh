#!/bin/sh
# Opens a page of convergo in headless Chromium and fails when it is broken:
# a message on the console, a request that leaves the page, a filter or a sort
# that does nothing, or a page that is empty without JavaScript. Screenshots in
# light, dark and narrow are left in the folder of the second argument.
#
#   report/page/chromium.sh PAGE.html [FOLDER]
#
# Without Chromium it is skipped with a message; on Debian
# apt-get install -y --no-install-recommends chromium brings it.
set -eu

page=$(realpath "$1")
out=${2:-}
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
if [ -z "$chromium" ]; then
	echo "chromium.sh: skipped: no chromium found; on Debian: apt-get install -y --no-install-recommends chromium"
	exit 0
fi
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
[ -n "$out" ] || out=$tmp
mkdir -p "$out"

fail() {
	echo "chromium.sh: $1" >&2
	exit 1
}

# browse NAME ARGUMENT... runs the browser once; its messages go to NAME.log.
browse() {
	name=$1
	shift
	"$chromium" --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$tmp/profile" \
		--no-first-run --disable-background-networking --disable-component-update --disable-sync --disable-default-apps \
		--enable-logging=stderr --virtual-time-budget=5000 "$@" 2>"$tmp/$name.log"
	if grep ':CONSOLE' "$tmp/$name.log" >&2; then
		fail "the console has messages ($name)"
	fi
}

# rows prints the claims that the dumped page shows, in order.
rows() {
	grep -o '<tr data-id="[^"]*"[^>]*>' "$1" | grep -v ' hidden' | sed 's/.*data-id="\([^"]*\)".*/\1/'
}

browse plain --log-net-log="$tmp/net.json" --dump-dom "file://$page" >"$tmp/plain.html"
all=$(rows "$tmp/plain.html" | wc -l)
[ "$all" -gt 1 ] || fail "the overview has $all rows: give a page of at least two claims"
grep -q '<form id="filter" role' "$tmp/plain.html" || fail "the script did not show the filter"
grep -q '<math' "$tmp/plain.html" || fail "no formula"

# A request of the page has the page as its initiator. Those that the browser
# makes on its own behalf, such as update checks, have none.
leaves() {
	grep '"url":"\(https\?\|wss\?\|ftp\):' "$1" | grep '"initiator":"' | grep -v '"initiator":"not an origin"'
}
if leaves "$tmp/net.json" >&2; then
	fail "a request left the page"
fi
# The check can fail: a page with a picture from elsewhere is noticed.
echo '<!doctype html><title>x</title><img src="http://127.0.0.1:9/x.png">' >"$tmp/leaky.html"
"$chromium" --headless --no-sandbox --disable-gpu --user-data-dir="$tmp/profile" --log-net-log="$tmp/leaky.json" \
	--dump-dom "file://$tmp/leaky.html" >"$tmp/leaky.out" 2>&1
leaves "$tmp/leaky.json" >"$tmp/leaky.txt" || fail "a page that asks for a picture elsewhere went unnoticed: this check is blind"

first=$(rows "$tmp/plain.html" | head -1)
browse filter --dump-dom "file://$page#?q=$first" >"$tmp/filter.html"
[ "$(rows "$tmp/filter.html" | head -1)" = "$first" ] || fail "the filter lost $first"
[ "$(rows "$tmp/filter.html" | wc -l)" -lt "$all" ] || fail "the filter hides nothing"
hidden=$(grep -c '<section class="claim"[^>]* hidden' "$tmp/filter.html" || true)
[ "$hidden" -gt 0 ] || fail "the filter hides no section"

browse sort --dump-dom "file://$page#?sort=0&desc=1" >"$tmp/sort.html"
rows "$tmp/plain.html" | LC_ALL=C sort >"$tmp/expected"
rows "$tmp/sort.html" | LC_ALL=C sort >"$tmp/got"
cmp -s "$tmp/expected" "$tmp/got" || fail "sorting lost or doubled a row"
largest=$(rows "$tmp/sort.html" | head -1)
browse back --dump-dom "file://$page#?sort=0" >"$tmp/back.html"
[ "$(rows "$tmp/back.html" | tail -1)" = "$largest" ] || fail "descending is not ascending turned round"
grep -q 'aria-sort="descending"' "$tmp/sort.html" || fail "the sorted column is not announced"

# Without JavaScript the page is what the file says: all rows, and no filter
# that cannot work.
[ "$(rows "$page" | wc -l)" -eq "$all" ] || fail "rows are missing without JavaScript"
grep -q '<form id=filter hidden' "$page" || fail "a filter that cannot work is shown without JavaScript"

sed '/^<script>$/,/<\/script>$/d' "$page" >"$tmp/noscript.html"
browse noscript --window-size=1300,1000 --screenshot="$out/noscript.png" "file://$tmp/noscript.html"
browse light --window-size=1300,1000 --screenshot="$out/light.png" "file://$page"
browse dark --force-dark-mode --window-size=1300,1000 --screenshot="$out/dark.png" "file://$page"
browse narrow --window-size=500,1000 --screenshot="$out/narrow.png" "file://$page"
for shot in light dark narrow noscript; do
	[ -s "$out/$shot.png" ] || fail "no screenshot $shot.png"
done
echo "chromium.sh: $all claims; console clean, no request left the page, filter and sort work, and the page is whole without JavaScript"
