/** What a search uses of the program: the reader, the planner and the engine. */
import type { EngineEvent } from "../../engine/plan/events.ts";
import { type Plan, plan } from "../../engine/plan/plan.ts";
import type { Executor } from "../../engine/task/executors/executor.ts";
import { LocalExecutor } from "../../engine/task/executors/local.ts";
import { run } from "../../engine/run/run.ts";
import type { Store } from "../../engine/store/store.ts";
import type { SearchHost } from "../../search/run_search.ts";
import { openCluster } from "../cluster/open_cluster.ts";
import { planning, reading, running } from "../../steps/engine_options.ts";
import type { Search, Workflow } from "../../workflow/graph.ts";
import { readWorkflow } from "../../workflow/read.ts";
import { type Arguments, UsageError } from "../arguments.ts";
import type { Interrupt } from "../interrupt.ts";

/** The search of a workflow that a call names; the only one where it names none. */
export function chooseSearch({ searches = [] }: Workflow, name: string | undefined): Search {
  const names = searches.map((search) => search.name).join(", ");
  const found = name === undefined && searches.length === 1
    ? searches[0]
    : searches.find((search) => search.name === name);
  if (found) return found;
  if (searches.length === 0) {
    throw new UsageError("the workflow has no search", "write [search.NAME]");
  }
  throw new UsageError(
    name === undefined ? "the workflow has several searches" : `there is no search "${name}"`,
    `name one: ${names}`,
  );
}

/** Reads a trial's workflow with the options of the call and the trial's values. */
export function trialReader(args: Arguments): SearchHost["read"] {
  return (set) =>
    readWorkflow(args.positionals[0], {
      ...reading,
      set: [...args.values("set"), ...set],
      includeFrom: args.values("include-from"),
      profile: args.value("profile"),
    });
}

/** Plans trials and stops before the first that is not cached. */
export function cachedTrials(store: Store, args: Arguments): SearchHost {
  return {
    store,
    read: trialReader(args),
    plan: (workflow, target) => plan(store, workflow, { ...planning, targets: [target] }),
    run: () => Promise.resolve(undefined),
    retry: false,
  };
}

/** Runs trials. Threads, and what they keep of the device, serve all of them. */
export class TrialRunner implements SearchHost {
  readonly read: SearchHost["read"];
  readonly retry: boolean;
  readonly #executor: LocalExecutor;
  /** Options of runs whose jobs a scheduler runs. */
  #cluster: ReturnType<typeof openCluster>;

  /** @param report prints a line about jobs */
  constructor(
    readonly store: Store,
    readonly args: Arguments,
    readonly search: Search,
    readonly jobs: number | undefined,
    readonly interrupt: Interrupt,
    readonly show: (event: EngineEvent) => void,
    readonly onTrial: SearchHost["onTrial"],
    readonly report: (message: string) => void,
  ) {
    this.read = trialReader(args);
    this.retry = args.has("retry");
    this.#executor = new LocalExecutor(store, running);
  }

  plan(workflow: Workflow, target: string): Promise<Plan> {
    return plan(this.store, workflow, {
      ...planning,
      ...this.#clusterOf(workflow),
      targets: [target],
    });
  }

  #clusterOf(workflow: Workflow): ReturnType<typeof openCluster> {
    const { store, interrupt, report } = this;
    return this.#cluster ??= openCluster(store, workflow, interrupt.signal, report, this.#shared());
  }

  /** The executor of this process, which outlives each run. */
  #shared(): Executor {
    return {
      run: (job) => this.#executor.run(job),
      expect: () => this.#executor.expect(),
      close() {},
    };
  }

  async run(planned: Plan, target: string) {
    const { args, interrupt } = this;
    return await run(this.store, planned.workflow, {
      ...running,
      targets: [target],
      planned,
      keepGoing: true,
      jobs: this.jobs,
      signal: interrupt.signal,
      kill: interrupt.kill,
      onEvent: this.show,
      request: {
        search: this.search.name,
        set: args.values("set"),
        includeFrom: args.values("include-from"),
        profile: args.value("profile"),
      },
      executor: this.#shared(),
      ...this.#clusterOf(planned.workflow),
    });
  }

  close(): void {
    this.#executor.close();
  }
}
