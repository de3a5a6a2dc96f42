# Builds when a source is newer than the last build, and starts Java; sourced by the launcher.

readonly LIB="$root/ops/target/lib"
readonly STAMP="$root/ops/target/stardust-build"

# Sources, not their folders' times: an editor's swap file must not cause a build.
newer_sources() { # stamp, path patterns...
  local stamp=$1
  shift
  find "$root/pom.xml" "$root"/*/pom.xml "$@" -type f -newer "$stamp" -print -quit 2>/dev/null
}

main_sources() {
  local module
  for module in hypervisor-native cluster chunk-actor vm-actor migration scheduler ops; do
    printf '%s\n' "$root/$module/src/main"
  done
  printf '%s\n' "$root/hypervisor-native/src/guest"
}

built() { [ -e "$STAMP" ]; }

build() {
  local sources
  mapfile -t sources < <(main_sources)
  if built && [ -z "$(newer_sources "$STAMP" "${sources[@]}")" ]; then
    return 0
  fi
  echo "stardust: building (the first time fetches libraries from Maven Central)"
  local start=$SECONDS
  rm -f "$STAMP"
  (cd "$root" && mvn -B -q -DskipTests -pl ops -am package) || {
    echo "stardust: the build failed; run: mvn -B -DskipTests -pl ops -am package" >&2
    exit 1
  }
  class_path >"$root/ops/target/classpath"
  dump_class_archive
  touch "$STAMP"
  echo "stardust: built in $((SECONDS - start)) s"
}

# The demo's checks, the soaks and the benchmarks live in chaos-tests.
build_tests() {
  (cd "$root" && mvn -B -q -DskipTests -pl chaos-tests -am package)
}

# Explicit and sorted: the class archive is valid for exactly one class path.
class_path() {
  printf '%s:' "$root"/ops/target/ops-*.jar "$LIB"/*.jar | sed 's/:$//'
}

java_bin() {
  if [ -n "${JAVA_HOME:-}" ] && [ -x "$JAVA_HOME/bin/java" ]; then printf '%s' "$JAVA_HOME/bin/java"; else printf java; fi
}

# A class archive brings the CLI under 300 ms; without one it only starts slower.
dump_class_archive() {
  "$(java_bin)" -XX:ArchiveClassesAtExit="$root/ops/target/cli.jsa" -Xshare:auto -Xlog:cds=off -Xlog:cds+dynamic=off \
    -cp "$(cat "$root/ops/target/classpath")" dev.stardust.ops.cli.Main ps --node 127.0.0.1:1 >/dev/null 2>&1 || true
}

run_java() { # what, arguments of the command line
  local what=$1
  shift
  local flags=(-Djava.io.tmpdir="${TMPDIR:-/tmp}" -Dstardust.home="$root")
  case "$what" in
    cli | demo)
      flags+=(-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto -Xlog:cds=off -Xlog:cds+dynamic=off)
      [ -e "$root/ops/target/cli.jsa" ] && flags+=(-XX:SharedArchiveFile="$root/ops/target/cli.jsa")
      exec "$(java_bin)" "${flags[@]}" -cp "$(cat "$root/ops/target/classpath")" dev.stardust.ops.cli.Main "$@"
      ;;
    tools)
      flags+=(--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED --add-opens=java.base/java.util.zip=ALL-UNNAMED)
      exec "$(java_bin)" "${flags[@]}" \
        -cp "$root/chaos-tests/target/classes:$root/chaos-tests/target/test-classes:$(cat "$root/ops/target/classpath")" \
        dev.stardust.chaos.Tools "$@"
      ;;
  esac
}
