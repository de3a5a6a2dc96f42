# `stardust test`; sourced by the launcher.

modules="hypervisor-native cluster chunk-actor vm-actor migration scheduler ops chaos-tests"

run_tests() {
  local only="" maven=(-B)
  local usage="usage: stardust test [--only MODULE|CLASS|unit|demo|chaos|linux|linux-portable|store] [--without-kvm] [--linux=auto|host|lab]"
  while [ $# -gt 0 ]; do
    case "$1" in
      --only)
        [ $# -ge 2 ] || { echo "$usage" >&2; exit 2; }
        only=$2
        shift 2
        ;;
      --without-kvm)
        STARDUST_WITHOUT_KVM=1
        maven+=(-DexcludedGroups=kvm)
        shift
        ;;
      --linux=auto | --linux=host | --linux=lab)
        export STARDUST_LINUX=${1#--linux=}
        shift
        ;;
      *)
        echo "$usage" >&2
        exit 2
        ;;
    esac
  done
  preflight test
  build
  case "$only" in
    "") ;;
    unit) maven+=(-pl '!chaos-tests') ;;
    demo) maven+=(-pl chaos-tests -am -Dtest='Demo*Test' -Dsurefire.failIfNoSpecifiedTests=false) ;;
    store)
      local parts="chunk file local manifest shared store tree volume" tests="dev.stardust.chaos.store.**" part
      tests+=",ImageStoreCommandsTest,ImageInspectCommandTest,VolumeCommandTest,FilesCommandTest"
      for part in $parts; do tests+=",dev.stardust.chunk.$part.**"; done
      maven+=(-pl chaos-tests -am -Dtest="$tests" -Dsurefire.failIfNoSpecifiedTests=false)
      ;;
    linux-portable)
      maven+=(-pl chaos-tests -am -Dtest='dev.stardust.chaos.linux.**' -Dsurefire.failIfNoSpecifiedTests=false)
      ;;
    linux) maven+=(-pl chaos-tests -am -Dtest=LinuxTest -Dsurefire.failIfNoSpecifiedTests=false) ;;
    chaos) maven+=(-pl chaos-tests -am -Dtest='dev.stardust.chaos.**' -Dsurefire.failIfNoSpecifiedTests=false) ;;
    *)
      if [[ " $modules " == *" $only "* ]]; then
        maven+=(-pl "$only" -am -Dtest="$(module_tests "$only")" -Dsurefire.failIfNoSpecifiedTests=false)
      else
        maven+=(-Dtest="$only" -Dsurefire.failIfNoSpecifiedTests=false)
      fi
      ;;
  esac
  local status=0
  (cd "$root" && mvn "${maven[@]}" verify) || status=$?
  if [ -n "$STARDUST_WITHOUT_KVM" ]; then
    echo "stardust: left out for --without-kvm:"
    (cd "$root" && grep -rlE '@Tag\("kvm"\)' --include='*.java' . | sed 's|.*/||; s|\.java$||; s|^|  |' | sort)
  fi
  return "$status"
}

# A pattern that matches the module's test classes only: the modules it needs are built, not tested.
module_tests() {
  (cd "$root/$1/src/test/java" && find . -name '*Test.java' -o -name '*Properties.java') |
    sed 's|^\./||; s|\.java$||; s|/|.|g' | paste -sd, -
}
