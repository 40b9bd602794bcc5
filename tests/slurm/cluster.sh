# shellcheck shell=bash
# A real Slurm of four nodes on this machine, for tests: munged, slurmctld and four slurmd as plain daemons
# that keep all their files in one folder. Needs root and Debian's packages slurmctld, slurmd, slurm-client
# and munge. To be sourced:
#
#   cluster_start FOLDER            also sets SLURM_CONF; everyone must be able to traverse FOLDER
#   cluster_kill_node n2            SIGKILL to its slurmd, step daemons and tasks, like a power cut
#   cluster_start_node n2           the node returns
#   cluster_stop                    ends every process of the cluster, and no other
#
# Nodes n1 to n4 pretend to have 16 cores each, whatever this machine has. All are in the partition low;
# n4 also is in high, whose jobs preempt those of low.

cluster_missing() { # Says what is missing, or nothing.
  local program
  [ "$(id -u)" -eq 0 ] || echo "root"
  for program in munged slurmctld slurmd sbatch srun setpriv; do
    PATH=$PATH:/usr/sbin command -v "$program" >/dev/null || echo "$program"
  done
  # slurmd asks for it whatever plugins it is told to use; a bare chroot has none.
  grep -qs ' /sys/fs/cgroup' /proc/mounts || echo "a cgroup file system at /sys/fs/cgroup"
}

# The first of five ports where nobody listens now; several clusters may live on one machine.
cluster_free_ports() {
  local port offset
  while :; do
    port=$((20000 + RANDOM % 10000))
    for offset in 0 1 2 3 4; do
      (: <"/dev/tcp/127.0.0.1/$((port + offset))") 2>/dev/null && continue 2
    done
    echo "$port" && return
  done
}

cluster_start() { # FOLDER
  cluster_folder=$1
  mkdir -p "$cluster_folder"
  export PATH=$PATH:/usr/sbin SLURM_CONF=$cluster_folder/slurm.conf
  local host port node
  host=$(hostname -s)
  port=$(cluster_free_ports)
  cat >"$SLURM_CONF" <<CONF
ClusterName=foothold
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmUser=root
# A requeued job waits until its credentials are void: 120 s unless said otherwise, 5 s at least.
AuthInfo=socket=$cluster_folder/munge/socket,cred_expire=5
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
ReturnToService=2
SlurmdTimeout=10
KillWait=3
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=1
SlurmctldPidFile=$cluster_folder/slurmctld.pid
SlurmctldLogFile=$cluster_folder/slurmctld.log
StateSaveLocation=$cluster_folder/state
SlurmdPidFile=$cluster_folder/slurmd.%n.pid
SlurmdLogFile=$cluster_folder/slurmd.%n.log
SlurmdSpoolDir=$cluster_folder/spool.%n
PartitionName=low Nodes=n[1-4] Default=YES PriorityTier=1 GraceTime=20
PartitionName=high Nodes=n4 PriorityTier=2
CONF
  mkdir "$cluster_folder/state"
  for node in 1 2 3 4; do
    echo "NodeName=n$node NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + node)) CPUs=16 RealMemory=1000"
    mkdir "$cluster_folder/spool.n$node"
  done >>"$SLURM_CONF"

  mkdir "$cluster_folder/munge"
  chmod 711 "$cluster_folder" "$cluster_folder/munge"
  head -c 1024 /dev/urandom >"$cluster_folder/munge/key"
  chmod 400 "$cluster_folder/munge/key"
  chown -R munge: "$cluster_folder/munge"
  setpriv --reuid=munge --regid=munge --clear-groups munged --key-file="$cluster_folder/munge/key" \
    --socket="$cluster_folder/munge/socket" --pid-file="$cluster_folder/munge/pid" \
    --log-file="$cluster_folder/munge/log" --seed-file="$cluster_folder/munge/seed" || return 1
  slurmctld -i -c || return 1
  for node in n1 n2 n3 n4; do cluster_start_node "$node" || return 1; done
  for node in n1 n2 n3 n4; do cluster_wait_for_node "$node" idle 30 || return 1; done
}

cluster_start_node() { slurmd -N "$1"; } # NODE

# Until the node is in a state, in Slurm's words; false after SECONDS.
cluster_wait_for_node() { # NODE STATE SECONDS
  local end=$((SECONDS + $3))
  until [ "$(sinfo -h -N -p low -n "$1" -o %T 2>/dev/null)" = "$2" ]; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.2
  done
}

# Ids of this cluster's processes, all or those of a node. Tasks carry their node in the environment;
# step daemons have none left, but hold their node's log open.
cluster_processes() { # [NODE]
  {
    grep -lzxF "SLURM_CONF=$SLURM_CONF" /proc/[0-9]*/environ 2>/dev/null |
      { if [ -n "${1:-}" ]; then xargs -r grep -lzxF "SLURMD_NODENAME=$1" 2>/dev/null; else cat; fi; }
    find /proc/[0-9]*/fd -lname "$cluster_folder/slurmd.${1:-*}.log" 2>/dev/null
  } | cut -d/ -f3 | sort -un | grep -vx -e $$ -e $BASHPID
}

cluster_kill_node() { # NODE
  # slurmd first, so that it cannot report the death of the others.
  kill -KILL "$(cat "$cluster_folder/slurmd.$1.pid")"
  local ids
  ids=$(cluster_processes "$1")
  # shellcheck disable=SC2086
  [ -z "$ids" ] || kill -KILL $ids 2>/dev/null
}

cluster_stop() {
  [ -n "${cluster_folder:-}" ] || return 0
  local ids
  # Twice, for what was just being started.
  for _ in 1 2; do
    ids=$(cat "$cluster_folder"/*.pid "$cluster_folder/munge/pid" 2>/dev/null; cluster_processes)
    # shellcheck disable=SC2086
    kill -KILL $ids 2>/dev/null
    sleep 0.2
  done
  rm -f "$cluster_folder"/*.pid "$cluster_folder/munge/pid"
}
