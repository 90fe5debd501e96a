/** What the page draws of autoencoders. */

/** What an autoencoder gives back of a group of participants, or how far they are from healthy. */
export interface ReconstructionSheet {
  instance: string;
  kind: string;
  dataGroup: string;
  selectionMetric: string;
  /** Of the images: `slice`, `patch`, `roi` or `image`. */
  mode: string;
  /** Column of the labels. */
  label: string;
  /** Value of the residual at which its colours end. */
  limit: number | null;
  rows: {
    participant: string;
    session: string;
    label: string | null;
    /** Of an anomaly map. */
    score: number | null;
    /** PNGs as data URIs. */
    input: string;
    output: string;
    residual: string;
  }[];
  /** Left out to keep the file small. */
  more: number;
  /** Principal components of the latents; null where there are fewer than two. */
  latents: {
    points: { label: string | null; x: number; y: number }[];
    /** Shares of the variance. */
    variance: [number | null, number | null];
  } | null;
  /** Of an anomaly map. */
  anomaly: {
    healthySessions: number;
    healthyLabels: string[];
    direction: "both" | "lower" | "higher";
    threshold: number;
    scores: { label: string | null; score: number }[];
    areas: { score: string; value: number | null; lower: number | null; upper: number | null }[];
  } | null;
}
