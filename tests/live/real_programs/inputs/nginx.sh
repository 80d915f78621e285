# SPDX-License-Identifier: MIT
cat > nginx.conf << END
pid $PWD/nginx.pid; error_log $PWD/nginx.log; daemon off; worker_processes 2;
events {} http { access_log off; server { listen 7778; root /usr/share; } }
END
nginx -c "$PWD/nginx.conf" &
server=$!
for _ in $(seq 50); do
  curl -s -o /dev/null localhost:7778/ && break
  sleep 0.1
done
for _ in $(seq 20); do
  curl -s -o /dev/null -w '%{http_code}\n' localhost:7778/doc/
done | sort | uniq -c
kill -QUIT $server
wait $server
