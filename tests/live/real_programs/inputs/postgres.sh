# SPDX-License-Identifier: MIT
programs=$(ls -d /usr/lib/postgresql/*/bin | tail -1)
data=$(mktemp -d)
trap 'rm -rf "$data"' EXIT
"$programs/initdb" -D "$data/db" -A trust > /dev/null &&
  "$programs/pg_ctl" -D "$data/db" -o "-p 7780 -k $data" -w start > /dev/null
psql -h "$data" -p 7780 -d postgres -Atc "
  create table t as select generate_series(1,100000) x;
  select count(*),sum(x) from t; create index on t(x);
  select count(*) from t a join t b using(x)"
"$programs/pg_ctl" -D "$data/db" -m fast -w stop > /dev/null
