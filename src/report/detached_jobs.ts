/** The jobs of a run whose own process has left them to the cluster: what they report since. */
import { type JobEvent, JobEventReader, jobEventsPath } from "../engine/cluster/job_events.ts";
import { Submissions } from "../engine/cluster/submissions.ts";
import type { RunRecord } from "../engine/run/run_folder.ts";
import type { Store } from "../engine/store/store.ts";

export interface DetachedJob {
  instance: string;
  events: readonly JobEvent[];
}

/** None for a run that is followed, has ended or has submitted nothing. */
export function detachedJobs(
  store: Store,
  { id, status }: Pick<RunRecord, "id" | "status">,
): DetachedJob[] {
  if (status !== "interrupted") return [];
  const submissions = new Submissions(store);
  return submissions.ofRun(id).flatMap((each) => {
    const submission = submissions.read(each);
    const folder = submissions.folderOf(each);
    return (submission?.arrays ?? []).flatMap(({ tasks }) =>
      tasks.map(({ instance, position }) => ({
        instance,
        events: new JobEventReader(store.files, jobEventsPath(folder, position)).next(),
      }))
    );
  });
}

/** Whether a job of the run may still run: none of its submissions has ended. */
export function hasDetachedJobs(store: Store, record: Pick<RunRecord, "id" | "status">): boolean {
  const submissions = new Submissions(store);
  const isOpen = record.status === "interrupted" &&
    submissions.ofRun(record.id).some((id) => submissions.read(id)?.ended !== true);
  return isOpen && detachedJobs(store, record).some(({ events }) => !hasEnded(events));
}

function hasEnded(events: readonly JobEvent[]): boolean {
  return events.some(({ type }) => type === "done" || type === "failed" || type === "stopped");
}

/** A number that changes when a job reports something. */
export function reportedBytes(store: Store, run: string): number {
  const submissions = new Submissions(store);
  const tasks = submissions.ofRun(run).flatMap((id) =>
    (submissions.read(id)?.arrays ?? []).flatMap(({ tasks }) =>
      tasks.map(({ position }) => jobEventsPath(submissions.folderOf(id), position))
    )
  );
  return tasks.reduce((sum, path) => sum + (store.files.size(path) ?? 0), 0);
}
