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
  (cd "$root" && mvn -B -q -T 2 -DskipTests -pl ops -am package) || {
    echo "stardust: the build failed; run: mvn -B -DskipTests -pl ops -am package" >&2
    exit 1
  }
  class_path >"$root/ops/target/classpath"
  dump_class_archives
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

# With class archives the CLI answers within 300 ms and nodes and workers start faster; without them only slower. They
# come from a rehearsal on two nodes of its own, half a minute long.
dump_class_archives() {
  local archives="$root/ops/target/archives" log="$root/ops/target/rehearsal.log"
  rm -rf "$archives"
  mkdir -p "$archives"
  local class_path
  class_path=$(cat "$root/ops/target/classpath")
  # The CLI's archive is a static one: picocli's classes are of a version that JDK 17 leaves out of dynamic ones.
  { "$(java_bin)" "${cli_flags[@]}" "${native_flags[@]}" -XX:DumpLoadedClassList="$archives/cli.classes" -cp "$class_path" \
    dev.stardust.ops.demo.Rehearsal "$archives" &&
    "$(java_bin)" -Xshare:dump -XX:SharedClassListFile="$archives/cli.classes" \
      -XX:SharedArchiveFile="$archives/cli.jsa" -cp "$class_path"; } >"$log" 2>&1 ||
    echo "stardust: no class archives, programs start slower; see $log" >&2
}

# For Agrona, which reads and writes native memory.
native_flags=(--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED --add-opens=java.base/java.util.zip=ALL-UNNAMED)

cli_flags=(-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Djava.io.tmpdir="${TMPDIR:-/tmp}" -Dstardust.home="$root")

# What works on data needs the second compiler, for what is hottest only: it runs for seconds. Logging takes a quarter of a
# second to begin, and what it would say the commands say.
bulk_flags=(-XX:TieredStopAtLevel=4 -XX:Tier4InvocationThreshold=50000 -XX:Tier4MinInvocationThreshold=6000
  -XX:Tier4CompileThreshold=150000 -XX:Tier4BackEdgeThreshold=400000
  -Dslf4j.provider=org.slf4j.helpers.NOP_FallbackServiceProvider -Dslf4j.internal.verbosity=WARN)

run_java() { # what, arguments of the command line
  local what=$1
  shift
  case "$what" in
    cli | demo)
      case "${1:-}" in image | volume | files) cli_flags+=("${bulk_flags[@]}" "${native_flags[@]}") ;; esac
      exec "$(java_bin)" "${cli_flags[@]}" -Xshare:auto -Xlog:cds=off -Xlog:cds+dynamic=off \
        -XX:SharedArchiveFile="$root/ops/target/archives/cli.jsa" -cp "$(cat "$root/ops/target/classpath")" dev.stardust.ops.cli.Main "$@"
      ;;
    tools)
      local flags=(-Djava.io.tmpdir="${TMPDIR:-/tmp}" -Dstardust.home="$root" "${native_flags[@]}")
      exec "$(java_bin)" "${flags[@]}" \
        -cp "$root/chaos-tests/target/classes:$root/chaos-tests/target/test-classes:$(cat "$root/ops/target/classpath")" \
        dev.stardust.chaos.Tools "$@"
      ;;
  esac
}
