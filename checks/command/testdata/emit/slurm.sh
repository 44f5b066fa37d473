#!/bin/sh
# Submits a run of convergo in 8 shards to Slurm, and behind it the job that
# merges their records. Run it again to resume shards that were cut short.
set -eu
out='runs/50% '\''off'\'''
mkdir -p "$out"

array=$(sbatch --parsable --job-name=convergo --array=0-7 \
	--cpus-per-task=4 --requeue --open-mode=append --output='runs/50%% '\''off'\'''/shard%a.log \
	--time=02:00:00 \
	'--comment=$(touch hacked)' <<'END_OF_JOB'
#!/bin/sh
out='runs/50% '\''off'\'''
'/opt/con vergo' verify --profile=quick --workers="${SLURM_CPUS_PER_TASK:-4}" \
	--shard="$SLURM_ARRAY_TASK_ID/8" --out="$out/shard$SLURM_ARRAY_TASK_ID" \
	'*' \
	--seed \
	7 \
	--data \
	'my data;rm -rf.npy'
status=$?
[ $status -eq 1 ] && status=0 # refuted claims fail the merge, not the shard
exit $status
END_OF_JOB
)
array=${array%%;*}

merge=$(sbatch --parsable --job-name=convergo-merge --dependency=afterok:"$array" --kill-on-invalid-dep=yes \
	--open-mode=append --output='runs/50%% '\''off'\'''/merge.log \
	--time=02:00:00 \
	'--comment=$(touch hacked)' <<'END_OF_JOB'
#!/bin/sh
out='runs/50% '\''off'\'''
set --
i=0
while [ $i -lt 8 ]; do
	set -- "$@" "$out/shard$i"
	i=$((i + 1))
done
exec '/opt/con vergo' merge --out="$out/merged" "$@"
END_OF_JOB
)
merge=${merge%%;*}
echo "Submitted the shards as job $array and their merge as job $merge."
echo "The verdicts will be in $out/merge.log, the records in $out/merged."
