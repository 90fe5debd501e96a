/** Gathers a report from a run's record and what it left in the store. */
import { DataError } from "../errors.ts";
import type { RunRecord } from "../engine/run/run_folder.ts";
import type { Store } from "../engine/store/store.ts";
import type { Json } from "../workflow/step.ts";
import { attributionSheets } from "./pictures/attributions.ts";
import { describeCohorts } from "./cohorts.ts";
import { compareRuns } from "./comparison/compare_runs.ts";
import { type CurrentRun, currentRun } from "./current_run.ts";
import { learningCurves } from "./curves.ts";
import type { ReportData } from "./data.ts";
import { describeEvaluations } from "./evaluations.ts";
import { RunArtifacts } from "./inputs.ts";
import { describeInstances } from "./instances.ts";
import { layoutGraph } from "./layout.ts";
import { worstMistakes } from "./pictures/mistakes.ts";
import { reconstructionSheets } from "./pictures/reconstructions.ts";
import { describeRegistrations } from "./pictures/registrations.ts";
import { describeReproduction } from "./reproduce.ts";
import { contactSheets } from "./pictures/samples.ts";
import { listSearches } from "./search/describe.ts";
import { ImageStrips } from "./pictures/strips.ts";

/** Builds reports; a builder that serves a live run draws each picture once. */
export class ReportBuilder {
  readonly #strips = new Map<string, Promise<ImageStrips>>();

  constructor(readonly store: Store) {}

  /**
   * @param against runs to compare with; the first is what the others are compared with
   * @returns every section; a section whose artifacts are missing is empty, with a note
   */
  async build(record: RunRecord, against: readonly RunRecord[] = []): Promise<ReportData> {
    const { store } = this;
    const run = currentRun(store, record);
    const artifacts = new RunArtifacts(store, run);
    const notes: string[] = [];
    const section = async <T>(name: string, empty: T, make: () => Promise<T>): Promise<T> => {
      try {
        return await make();
      } catch (error) {
        if (!(error instanceof DataError)) throw error;
        notes.push(`${name}: ${error.message}`);
        return empty;
      }
    };
    const stripsOf: Parameters<typeof contactSheets>[1] = (images) => {
      const strips = this.#strips.get(images.digest) ?? ImageStrips.open(images);
      this.#strips.set(images.digest, strips);
      return strips;
    };
    const curves = await section(
      "Learning curves",
      { metrics: [], series: [] },
      () => learningCurves(artifacts),
    );
    const evaluations = await section("Evaluation", [], () => describeEvaluations(artifacts));
    const report: ReportData = {
      overview: {
        ...overviewOf(run),
        searches: listSearches(store, record.workflow.file),
        notes,
      },
      graph: layoutGraph(run),
      instances: describeInstances(store, run),
      curves,
      evaluations,
      registrations: await section("Registration", [], () => describeRegistrations(artifacts)),
      cohorts: await section("Participants", [], () => describeCohorts(artifacts)),
      samples: await section("Images", [], () => contactSheets(artifacts, stripsOf)),
      mistakes: await section("Mistakes", null, () => worstMistakes(artifacts, stripsOf)),
      attributions: await section("Attribution maps", [], () => attributionSheets(artifacts)),
      reconstructions: await section(
        "Reconstructions",
        [],
        () => reconstructionSheets(artifacts),
      ),
      comparison: null,
      reproduce: describeReproduction(record),
      runs: [],
    };
    if (against.length > 0) {
      await section("Comparison", null, () => this.#compare(report, against, record));
    }
    return report;
  }

  async #compare(
    report: ReportData,
    against: readonly RunRecord[],
    record: RunRecord,
  ): Promise<null> {
    report.comparison = await compareRuns(this.store, [...against, record]);
    for (const other of against) {
      const artifacts = new RunArtifacts(this.store, currentRun(this.store, other));
      const { metrics, series } = await learningCurves(artifacts);
      report.curves.metrics = [...new Set([...report.curves.metrics, ...metrics])];
      report.curves.series.push(...series.map((each) => ({ ...each, against: other.id })));
    }
    return null;
  }
}

function overviewOf(run: CurrentRun): Omit<ReportData["overview"], "notes" | "searches"> {
  return {
    workflow: run.workflow.name,
    description: run.workflow.description ?? null,
    run: run.id,
    status: run.status,
    started: run.started,
    finished: run.finished ?? null,
    seconds: run.seconds ?? null,
    device: deviceName(run.device),
  };
}

function deviceName(device: Json | undefined): string | null {
  if (device === undefined || device === null || typeof device !== "object") return null;
  const { description, model } = device as Readonly<Record<string, Json>>;
  return typeof description === "string" && description !== "" ? description : `device ${model}`;
}
