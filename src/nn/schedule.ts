/** Learning-rate schedules: a factor of the optimizer's rate, epoch by epoch. */

export type Schedule =
  | { kind: "constant"; warmUp?: number }
  /** Multiplies by `factor` every `every` epochs. */
  | { kind: "step"; every: number; factor: number; warmUp?: number }
  /** Falls as half a cosine to zero at `epochs`. */
  | { kind: "cosine"; epochs: number; warmUp?: number }
  /**
   * Multiplies by `factor` when the validation loss has not fallen below best * (1 - threshold) for
   * more than `patience` epochs: `torch.optim.lr_scheduler.ReduceLROnPlateau`, relative mode.
   */
  | {
    kind: "plateau";
    factor?: number;
    patience?: number;
    threshold?: number;
    warmUp?: number;
  };

/** State of a plateau schedule; part of a checkpoint. */
export interface ScheduleState {
  factor: number;
  /** Lowest validation loss; null before the first epoch. */
  best: number | null;
  /** Epochs since the best, or since the factor was last reduced. */
  badEpochs: number;
}

/** State before the first epoch. */
export function createScheduleState(): ScheduleState {
  return { factor: 1, best: null, badEpochs: 0 };
}

/**
 * Factor of the learning rate at an epoch, counted from 0. It rises linearly over the first `warmUp`
 * epochs; a plateau's factor comes from its state.
 */
export function scheduleFactor(schedule: Schedule, state: ScheduleState, epoch: number): number {
  const { warmUp = 0 } = schedule;
  if (epoch < warmUp) return (epoch + 1) / (warmUp + 1);
  switch (schedule.kind) {
    case "constant":
      return 1;
    case "step":
      return schedule.factor ** Math.floor(epoch / schedule.every);
    case "cosine": {
      const span = Math.max(schedule.epochs - warmUp, 1);
      return 0.5 * (1 + Math.cos(Math.PI * Math.min((epoch - warmUp) / span, 1)));
    }
    case "plateau":
      return state.factor;
  }
}

/** Returns the state after an epoch with this validation loss; only plateau schedules change it. */
export function observeLoss(
  schedule: Schedule,
  state: ScheduleState,
  validationLoss: number,
): ScheduleState {
  if (schedule.kind !== "plateau") return state;
  const { factor = 0.1, patience = 10, threshold = 1e-4 } = schedule;
  if (state.best === null || validationLoss < state.best * (1 - threshold)) {
    return { factor: state.factor, best: validationLoss, badEpochs: 0 };
  }
  const badEpochs = state.badEpochs + 1;
  return badEpochs > patience
    ? { factor: state.factor * factor, best: state.best, badEpochs: 0 }
    : { ...state, badEpochs };
}
