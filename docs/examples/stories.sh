#!/bin/sh
# The stories that move, the timeline of the largest as a table, and polling that costs nothing while nothing happens.
# Needs curl 7.68 or later (--etag-save). usage: stories.sh [SERVER [FOLDER]]; SILSILA_TOKEN where tokens are asked for.
set -eu
server=${1:-http://127.0.0.1:8080}
folder=${2:-.}
ask() { curl --silent --show-error --fail --header "Authorization: Bearer ${SILSILA_TOKEN:-none}" "$@"; }

# The largest stories with news since 2023, each with its counts, as JSON.
ask "$server/v1/stories?sort_by=size&per_page=5&updated_from=2023-01" >"$folder/stories.json"

# The id of the first one. (With jq: jq -r '.items[0].id')
story=$(sed 's/.*"items":\[{"id":"\([^"]*\)".*/\1/' "$folder/stories.json")
echo "the largest story is $story"

# Its timeline: a table for spreadsheets, a feed for readers, JSON for TimelineJS, linked data for search engines.
ask "$server/v1/stories/$story/timeline.csv?lang=ar&dates=10" >"$folder/timeline.csv"
ask "$server/v1/stories/$story/timeline.atom" >"$folder/timeline.atom"
ask "$server/v1/stories/$story/timeline.timelinejs" >"$folder/timeline.timelinejs.json"
ask "$server/v1/stories/$story.jsonld" >"$folder/story.jsonld"
# As it stood when the first hundred changes had happened.
ask "$server/v1/stories/$story/timeline?as_of=100" >"$folder/then.json" || echo "it was not there then"

# Ask again only for what has changed: the service answers 304 without a body.
poll() {
    ask --etag-compare "$folder/etag" --etag-save "$folder/etag" --output "$folder/moving.json" \
        --write-out '%{http_code}\n' "$server/v1/stories?sort_by=updated&per_page=20"
}
: >"$folder/etag"
echo "first: $(poll)"
echo "again: $(poll)"
