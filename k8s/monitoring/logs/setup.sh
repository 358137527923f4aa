#!/bin/sh
# Tells Elasticsearch how the logs are kept, and gives Kibana its data view and search. Safe to run again.
set -eu
: "${ELASTICSEARCH_URL:=http://elasticsearch:9200}" "${KIBANA_URL:=http://kibana:5601}"
FILES=${FILES:-/setup}

put() {
  curl --silent --show-error --fail-with-body --retry 60 --retry-delay 5 --retry-all-errors --request PUT \
    --header 'Content-Type: application/json' --data-binary "@$FILES/$2" "$ELASTICSEARCH_URL/$1"
  echo
}

put _ilm/policy/nano-logs lifecycle.json
put _index_template/nano-logs template.json
curl --silent --show-error --fail-with-body --retry 60 --retry-delay 5 --retry-all-errors \
  --header 'kbn-xsrf: nano' --form "file=@$FILES/kibana.ndjson;type=application/ndjson" \
  "$KIBANA_URL/api/saved_objects/_import?overwrite=true"
echo
