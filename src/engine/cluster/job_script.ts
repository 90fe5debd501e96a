/** The shell script that a job runs. */
import { shellWord } from "../../workflow/shell_word.ts";

export interface ScriptOptions {
  /** Absolute path of the program as every node sees it. */
  program: string;
  /** Absolute path of the frozen plan. */
  plan: string;
  /** Bits of the vectors of a software adapter, which results depend on. */
  vectorWidth?: number;
  /** Of a job of its own; an array's are on the line of its index, in the list that it is called with. */
  position?: number;
}

/**
 * The scheduler hands out GPUs, and WebGPU takes the first one that it sees: the script counts those that
 * the job can open, and the program refuses a choice.
 */
export function jobScript({ program, plan, vectorWidth, position }: ScriptOptions): string {
  return `#!/bin/sh
# A job of Gyrus: computes one instance of a frozen plan, or several short ones.
positions=${position ?? '$(sed -n "$((${SLURM_ARRAY_TASK_ID:-0} + 1))p" "$1")'}
job=\${SLURM_ARRAY_JOB_ID:-\${PBS_JOBID:-\${LSB_JOBID:-\${JOB_ID:-$$}}}}\${SLURM_ARRAY_TASK_ID:+_$SLURM_ARRAY_TASK_ID}
gpus=0
for device in /dev/nvidia[0-9]*; do
  if [ -e "$device" ] && (: <"$device") 2>/dev/null; then gpus=$((gpus + 1)); fi
done
if [ "$gpus" = 0 ]; then
  for device in /dev/dri/renderD*; do
    if [ -e "$device" ] && (: <"$device") 2>/dev/null; then gpus=$((gpus + 1)); fi
  done
fi
${vectorWidth === undefined ? "" : `export LP_NATIVE_VECTOR_WIDTH=${vectorWidth}\n`}exec ${
    shellWord(program)
  } exec ${shellWord(plan)} $positions --job "$job" --gpus "$gpus"
`;
}
