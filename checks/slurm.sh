#!/bin/sh
# Runs a few claims through a real Slurm on this machine, by the script that
# "convergo emit slurm" writes and by an array job that finds its shard in the
# environment, and compares the merged folders byte for byte with a single run.
#
#   checks/slurm.sh [claim pattern...]     default: a few basic facts
#
# It needs root and Debian's packages, which it installs if it can. Exit status:
# 0 when all is equal, or with "skipped: ..." when there is no Slurm to be had.
set -eu
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- basics/heavy-ball-radius basics/nesterov-stability basics/weyl basics/gronwall basics/oppenheim basics/kernel-mean

skip() {
	echo "skipped: $*"
	exit 0
}

fail() {
	echo "FAIL: $*" >&2
	[ -z "${D:-}" ] || tail -n 20 "$D"/*.log "$D"/run/*.log 2>/dev/null >&2 || true
	exit 1
}

have_slurm() {
	for tool in slurmctld slurmd sbatch scontrol munged; do
		command -v $tool >/dev/null || return 1
	done
}

install_slurm() {
	packages='slurmctld slurmd slurm-client munge'
	command -v apt-get >/dev/null || return 1
	# The packages must not start daemons with the machine's own settings.
	policy=/usr/sbin/policy-rc.d
	[ -e $policy ] || { printf '#!/bin/sh\nexit 101\n' >$policy && chmod +x $policy && added=yes; }
	status=0
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >/dev/null 2>&1 ||
		{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages; } >/dev/null 2>&1 ||
		status=1
	[ -z "${added:-}" ] || rm -f $policy
	return $status
}

PATH=$PATH:/usr/sbin:/sbin
[ "$(id -u)" = 0 ] || skip "a Slurm of one's own needs root"
have_slurm || install_slurm || skip "the packages of Slurm cannot be installed here"
have_slurm || skip "the packages of Slurm lack a program"

D=$(mktemp -d /tmp/convergo-slurm.XXXXXX)
chmod 700 "$D"

# stop ends the process of a pid file, and waits for it.
stop() {
	[ -s "$1" ] || return 0
	pid=$(cat "$1")
	kill "$pid" 2>/dev/null || return 0
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		kill -0 "$pid" 2>/dev/null || return 0
		sleep 0.5
	done
	kill -9 "$pid" 2>/dev/null || true
}

cleanup() {
	status=$?
	trap - EXIT INT TERM
	scancel --user=root 2>/dev/null || true
	stop "$D/slurmd.pid"
	stop "$D/slurmctld.pid"
	stop "$D/munged.pid"
	rm -rf "$D"
	exit $status
}
trap cleanup EXIT
trap 'exit 130' INT TERM

node=$(hostname | cut -d. -f1)
cores=$(nproc)
mkdir "$D/state" "$D/spool"
(umask 077 && dd if=/dev/urandom of="$D/munge.key" bs=1 count=1024 2>/dev/null)
cat >"$D/slurm.conf" <<CONF
ClusterName=local
SlurmctldHost=$node(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$D/munge.sock
StateSaveLocation=$D/state
SlurmdSpoolDir=$D/spool
SlurmctldPidFile=$D/slurmctld.pid
SlurmdPidFile=$D/slurmd.pid
SlurmctldLogFile=$D/slurmctld.log
SlurmdLogFile=$D/slurmd.log
SlurmctldPort=26817
SlurmdPort=26818
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
NodeName=$node NodeAddr=127.0.0.1 CPUs=$cores CoresPerSocket=$cores RealMemory=500
PartitionName=main Nodes=$node Default=YES State=UP
CONF
export SLURM_CONF="$D/slurm.conf"

munged --force --key-file="$D/munge.key" --socket="$D/munge.sock" --pid-file="$D/munged.pid" \
	--log-file="$D/munged.log" --seed-file="$D/munge.seed" 2>/dev/null || fail "munged does not start"
slurmctld -f "$SLURM_CONF" -c || fail "slurmctld does not start"
sleep 1
slurmd -f "$SLURM_CONF" -c || fail "slurmd does not start"
for _ in $(seq 60); do
	[ "$(sinfo -h -o %T 2>/dev/null)" != idle ] || break
	sleep 0.5
done
[ "$(sinfo -h -o %T)" = idle ] || fail "the node does not become idle"

CGO_ENABLED=0 go build -o "$D/convergo" .
convergo=$D/convergo

# verdicts runs a command that may end with 1, for a refuted claim.
verdicts() {
	"$@" >"$D/out.log" 2>&1 || [ $? -eq 1 ] || fail "$* ended with an error"
}

# finished waits until no job is left.
finished() {
	for _ in $(seq 600); do
		[ -n "$(squeue -h)" ] || return 0
		sleep 0.5
	done
	fail "the jobs do not end: $(squeue)"
}

# compare holds a merged folder against the single run.
compare() {
	for name in manifest.json records.jsonl done; do
		cmp "$D/single/$name" "$1/$name" || fail "$2: $name differs from that of a single run"
	done
	for format in terminal latex json; do
		"$convergo" report "$D/single" --format $format >"$D/report.single"
		"$convergo" report "$1" --format $format >"$D/report.merged"
		cmp "$D/report.single" "$D/report.merged" || fail "$2: the $format report differs"
	done
	echo "$2: equal to a single run, $(wc -c <"$1/records.jsonl") bytes in $(wc -l <"$1/records.jsonl") records"
}

verdicts "$convergo" verify "$@" --profile quick --seed 7 --out "$D/single"

"$convergo" emit slurm --shards 5 --profile quick --out "$D/run" --output "$D/submit.sh" -- "$@" --seed 7 >/dev/null
sh "$D/submit.sh" >"$D/submit.log" || fail "the script does not submit"
finished
compare "$D/run/merged" "the script of 'convergo emit slurm'"

cat >"$D/array.sh" <<JOB
#!/bin/sh
out=$D/array\$SLURM_ARRAY_TASK_ID
convergo=$convergo
JOB
cat >>"$D/array.sh" <<'JOB'
"$convergo" verify "$@" --profile quick --seed 7 --shard auto --out "$out"
[ $? -le 1 ]
JOB
sbatch --wait --quiet --array=10-14:2 --output="$D/array%a.log" "$D/array.sh" "$@" || fail "the array job failed"
verdicts "$convergo" merge --out "$D/array" "$D/array14" "$D/array10" "$D/array12" "$D/array10"
compare "$D/array" "an array job with tasks 10, 12, 14"
echo "ok: Slurm $(sinfo --version | cut -d' ' -f2)"
