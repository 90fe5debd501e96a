/** Names of the programs that an executor runs: the launcher allows these and no others. */
import type { ClusterExecutor } from "../../workflow/graph.ts";

const SLURM_PROGRAMS = ["sbatch", "squeue", "scancel", "scontrol"];

export function programsOf(executor: ClusterExecutor): string[] {
  if (executor.kind === "slurm") return SLURM_PROGRAMS;
  return [...new Set([executor.submit[0], executor.status[0], executor.cancel[0]])];
}
