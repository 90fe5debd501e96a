/** The data of the page of a search. */

export interface SearchData {
  name: string;
  workflow: string;
  /** Absolute path of the workflow file. */
  file: string;
  description: string | null;
  /** Such as `minimize train.loss by tpe with asha`. */
  method: string;
  goal: "minimize" | "maximize";
  metric: string;
  /** Addresses of the space. */
  parameters: string[];
  /** Of them, those that are drawn uniformly in the logarithm. */
  logarithmic: string[];
  /** Best first. */
  trials: TrialData[];
  /** Whether the first trial was completed, and is the best. */
  hasBest: boolean;
  /** Greatest first. */
  importances: { address: string; share: number }[];
  estimate: EstimateData | null;
  /** Runs that computed trials, newest first. */
  runs: { id: string; status: string; href: string | null }[];
}

export interface TrialData {
  number: number;
  state: "complete" | "pruned" | "failed";
  value: number | null;
  epochs: number | null;
  /** As they are shown, by address. */
  values: Record<string, string>;
  reason: string | null;
  /** The best value so far after each epoch, where it is known. */
  curve: number[];
}

/** Of nested cross-validation. */
export interface EstimateData {
  axis: string;
  metric: string;
  value: number;
  lower: number | null;
  upper: number | null;
  confidence: number;
  participants: number;
  /** Mean of the outer folds' best values of the search's own metric. */
  validation: number;
  folds: { value: string; tested: number | null; best: TrialData }[];
}
