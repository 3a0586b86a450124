#!/bin/sh
# Watches a saved search, looks at what it told, and takes the watch away again. usage: watch.sh [SERVER [WORDS]]
set -eu
server=${1:-http://127.0.0.1:8080}
words=${2:-ceasefire}
ask() { curl --silent --show-error --fail --header "Authorization: Bearer ${SILSILA_TOKEN:-none}" "$@"; }

# With "url" messages are posted there, signed (docs/WATCHES.md); without it there are the list, the stream and the feed.
made=$(ask --header 'content-type: application/json' "$server/v1/watches" \
    --data "{\"search\":{\"q\":\"$words\",\"min_sources\":2},\"quiet\":{\"cool_down_seconds\":600,\"only_new_sources\":true}}")
watch=$(echo "$made" | sed 's/.*"id":"\(w[0-9]*\)".*/\1/')
feed=$(echo "$made" | sed 's/.*"feed":"\([^"]*\)".*/\1/')
echo "watch $watch, feed $server$feed"

ask "$server/v1/watches/$watch/alerts?held_back=true&per_page=10"
echo
ask "$server$feed" | head -n 3
ask --request DELETE "$server/v1/watches/$watch"
