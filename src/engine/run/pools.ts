/** Resource pools: processors, devices and memory that running instances share. */
import type { Instance } from "../../workflow/graph.ts";
import { runPlace } from "../../workflow/step.ts";

/** What an instance needs, or what a pool has. Memory is in bytes. */
export interface Demand {
  cpu: number;
  gpu: number;
  memory: number;
}

/** What an instance needs that runs on another machine. */
export const NOTHING: Demand = { cpu: 0, gpu: 0, memory: 0 };

export class Pools {
  readonly #free: Demand;

  constructor(readonly capacity: Demand) {
    this.#free = { ...capacity };
  }

  /** What an instance needs, at most all there is: more would never start. */
  demandOf(instance: Instance): Demand {
    const { resources } = instance.execution;
    const gpu = runPlace(instance) === "device" ? Math.max(1, resources.gpu) : resources.gpu;
    return {
      cpu: Math.min(this.capacity.cpu, resources.cpu),
      gpu: Math.min(this.capacity.gpu, gpu),
      memory: Math.min(this.capacity.memory, resources.memory ?? 0),
    };
  }

  fits = (demand: Demand): boolean =>
    demand.cpu <= this.#free.cpu && demand.gpu <= this.#free.gpu &&
    demand.memory <= this.#free.memory;

  hold(demand: Demand): void {
    this.#free.cpu -= demand.cpu;
    this.#free.gpu -= demand.gpu;
    this.#free.memory -= demand.memory;
  }

  release(demand: Demand): void {
    this.#free.cpu += demand.cpu;
    this.#free.gpu += demand.gpu;
    this.#free.memory += demand.memory;
  }
}
