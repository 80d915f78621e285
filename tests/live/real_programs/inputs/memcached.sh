# SPDX-License-Identifier: MIT
memcached -u nobody -p 7779 -l 127.0.0.1 &
server=$!
sleep 0.5
{
  for i in $(seq 200); do printf 'set k%s 0 0 5\r\nhello\r\n' "$i"; done
  printf 'quit\r\n'
} | timeout 10 bash -c 'exec 3<> /dev/tcp/127.0.0.1/7779; cat >&3; cat <&3' | sort | uniq -c
kill $server
wait $server
