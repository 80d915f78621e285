# SPDX-License-Identifier: MIT
data=$(mktemp -d)
trap 'rm -rf "$data"' EXIT
chmod 755 "$data"
mkdir "$data/db"
mariadbd --no-defaults --user=root --datadir="$data/db" --bootstrap \
  --skip-grant-tables << END 2>&1 | grep -a ERROR
create database numbers;
use numbers;
create table numbers (x int primary key) engine=innodb;
insert into numbers with recursive c(x) as (select 1 union all select x+1 from c where x<900)
  select x from c;
select count(*), sum(x) into outfile '$data/answer' from numbers;
END
cat "$data/answer"
ls "$data/db/numbers"
