# SPDX-License-Identifier: MIT
redis-server --port 7777 --save "" --daemonize no > /dev/null &
server=$!
for _ in $(seq 50); do
  redis-cli -p 7777 ping > /dev/null 2>&1 && break
  sleep 0.1
done
redis-benchmark -p 7777 -q -n 5000 -t set,get,lpush,mset > /dev/null
redis-cli -p 7777 dbsize
redis-cli -p 7777 shutdown nosave
wait $server
