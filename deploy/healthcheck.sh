#!/bin/bash
# Is this process ready? For Compose; the image has no HTTP client, and Kubernetes asks by itself.
set -euo pipefail
exec 3<>"/dev/tcp/127.0.0.1/${MARTLET_PORT:-8080}"
printf 'GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
read -r -t 3 _ status _ <&3
[ "$status" = 200 ]
