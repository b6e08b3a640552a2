#!/usr/bin/env bash
# deb.sh BUILD FOLDER: the Debian packages have what they should and ask for what they need, and the project of docs/guide/first.md builds
# and works with them.
set -euo pipefail
build=$1 folder=$2
source=$(cd "$(dirname "$0")/../.." && pwd)
fail() { echo "deb.sh: $*" >&2; exit 1; }
rm -rf "$folder"
mkdir -p "$folder"
cpack -G DEB --config "$build/CPackConfig.cmake" -B "$folder" >"$folder/log" 2>&1 || { tail -n 20 "$folder/log" >&2; fail "cpack failed"; }

for package in libvitals0 libvitals-dev health-agent; do
  file=$(ls "$folder"/${package}_*.deb) || fail "no $package"
  dpkg-deb -x "$file" "$folder/root"
  dpkg-deb -f "$file" >"$folder/$package.control"
  [ -e "$folder/root/usr/share/doc/$package/copyright" ] || fail "$package has no copyright"
done
asks() { grep "^Depends:" "$folder/$1.control" | grep -qF -- "$2" || fail "$1 does not depend on $2: $(grep ^Depends "$folder/$1.control")"; }
asks libvitals0 libcurl4
asks libvitals0 libdw1
asks libvitals-dev "libvitals0 (= "
asks libvitals-dev libcurl4-openssl-dev
asks libvitals-dev libdw-dev
asks health-agent libpq5
root=$folder/root/usr
for file in lib/libvitals.so.0 lib/libvitals.so lib/libvitals.a include/vitals/version.h lib/pkgconfig/vitals-metrics.pc bin/health-agent \
            lib/systemd/system/health-agent.service share/health-agent/health-agent.env; do
  [ -e "$root/$file" ] || fail "no package has /usr/$file"
done
grep -q "^ExecStart=/usr/bin/health-agent" "$root/lib/systemd/system/health-agent.service" || fail "the unit starts another program"
! grep -q usr/local "$root/lib/systemd/system/health-agent.service" || fail "the unit names /usr/local"
! find "$folder/root" -path '*/src/*' -o -name '*.cc' | grep -q . || fail "a source file is packaged"

cmake -S "$source/examples/hello" -B "$folder/hello" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_PREFIX_PATH="$root" >"$folder/hello.log" 2>&1 &&
  cmake --build "$folder/hello" >>"$folder/hello.log" 2>&1 || { tail -n 20 "$folder/hello.log" >&2; fail "the first project does not build"; }
# A server that writes down what it is sent.
node -e '
  const { gunzipSync } = require("zlib");
  require("http").createServer((request, answer) => {
    const parts = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", () => {
      const body = Buffer.concat(parts);
      console.log((request.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body).toString());
      answer.end("{}");
    });
  }).listen(0, "127.0.0.1", function () { console.log("sentry on " + this.address().port); });' >"$folder/sentry.out" 2>&1 &
sentry=$!
hello=
trap 'kill $sentry $hello 2>/dev/null' EXIT
for _ in $(seq 600); do grep -q "^sentry on" "$folder/sentry.out" && break; sleep 0.1; done
SENTRY_DSN=http://key@127.0.0.1:$(sed -n 's/^sentry on //p' "$folder/sentry.out")/1 CONSOLE_TOKEN=secret "$folder/hello/hello" >"$folder/hello.out" 2>&1 &
hello=$!
for _ in $(seq 600); do grep -q "listening on" "$folder/hello.out" && break; sleep 0.1; done
port=$(sed -n 's/^listening on //p' "$folder/hello.out")
[ "$(curl -s "localhost:$port/eggs/7")" = "an egg" ] || fail "it does not answer"
curl -s "localhost:$port/metrics" >"$folder/page"
grep -qF 'http_requests_total{method="GET",endpoint="/eggs/(\\d+)",status="200"} 1' "$folder/page" || fail "it does not count"
[ "$(curl -s -o /dev/null -w '%{http_code}' "localhost:$port/console")" = 200 ] || fail "it has no console"
[ "$(curl -s -o /dev/null -w '%{http_code}' "localhost:$port/console/api/overview")" = 401 ] || fail "its console wants no key"
[ "$(curl -s -o /dev/null -w '%{http_code}' "localhost:$port/eggs/0")" = 500 ] || fail "what breaks is not answered 500"
line=$(grep -n "throw std::out_of_range" "$source/examples/hello/main.cc" | cut -d: -f1)
told() { grep -qE "\"filename\":\"[^\"]*main\.cc\",\"abs_path\":\"[^\"]*\",\"lineno\":$line\b" "$folder/sentry.out"; }
for _ in $(seq 600); do told && break; sleep 0.1; done
told || fail "no event names main.cc and line $line, which threw: $(head -c 4000 "$folder/sentry.out")"
echo "the packages are well"
