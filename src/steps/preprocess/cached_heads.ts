/** Registers one head after another, or takes it from the cache. */
import { type CapsImage, capsMeta } from "../../artifacts/caps.ts";
import { DataError } from "../../errors.ts";
import type { LinearPipeline } from "../../imaging/datasets/caps.ts";
import { readHeader } from "../../imaging/nifti/nifti.ts";
import { agreedAffine } from "../../imaging/nifti/stated_transform.ts";
import {
  type HeadJob,
  type RegisteredHead,
  SPLINE_DISTANCES,
} from "../../imaging/preprocess/head.ts";
import { HeadPool } from "../../imaging/preprocess/pool.ts";
import { prepareTemplate, type TemplateSpace } from "../../imaging/preprocess/template_space.ts";
import { OWN_LIMITS, parseJsonBytes } from "../../json.ts";
import type { Artifact, Blob, Json, StepContext } from "../../workflow/step.ts";
import type { LinearParameters } from "./declaration.ts";
import { startDeviceWorker } from "./device_heads.ts";

export interface LinearTarget {
  pipeline: LinearPipeline;
  space: TemplateSpace;
  /** The template's file. */
  template: Blob;
}

/** A registered image in the store, and how it was registered. */
export interface CachedHead extends Omit<RegisteredHead, "bytes"> {
  /** The `.nii.gz` file. */
  image: Blob;
  /** Voxels of the raw image to mm. */
  voxelToWorld: readonly number[];
}

type Context = StepContext<LinearParameters>;

export class CachedHeads {
  readonly #context: Context;
  readonly #target: LinearTarget;
  readonly #threads: number;
  readonly #device: Json | undefined;
  /** Starts at the first head that is not cached. */
  #pool: Promise<HeadPool> | undefined;

  /** @param device part of the key of heads that a device computes; the processor when absent */
  constructor(
    context: Context,
    { threads, device, ...target }: LinearTarget & { threads: number; device?: Json },
  ) {
    this.#context = context;
    this.#target = target;
    this.#threads = threads;
    this.#device = device;
  }

  /**
   * @returns the head, or why its image can't be used
   * @throws {DataError} when the template can't be used, or a file is gone or was changed
   */
  async preprocess(image: CapsImage): Promise<CachedHead | { failure: string }> {
    let failure: DataError | undefined;
    const ofImage: Attempt = async (work) => {
      try {
        return await work();
      } catch (error) {
        if (error instanceof DataError) failure = error;
        throw error;
      }
    };
    try {
      const voxelToWorld = await this.#voxelToWorld(image, ofImage);
      return { ...await this.#register(image, voxelToWorld, ofImage), voxelToWorld };
    } catch (error) {
      if (failure === undefined || error !== failure) throw error;
      return { failure: failure.problem };
    }
  }

  close(): void {
    void this.#pool?.then((pool) => pool.close(), () => {});
  }

  /**
   * Cached apart from the registration: another choice of header registers those images alone whose
   * transforms differ.
   */
  async #voxelToWorld(image: CapsImage, ofImage: Attempt): Promise<number[]> {
    const { header } = this.#context.params;
    const key = { voxelToWorldOf: image.digest, header: header ?? null };
    const blob = await this.#context.memo(key, async () => {
      const bytes = await this.#context.get(image);
      return encode(
        await ofImage(() => [...agreedAffine(readHeader(bytes, image.path), header, image.path)]),
      );
    });
    return await this.#decode(blob) as number[];
  }

  async #register(
    image: CapsImage,
    affine: readonly number[],
    ofImage: Attempt,
  ): Promise<Omit<CachedHead, "voxelToWorld">> {
    const { space, template, pipeline } = this.#target;
    const { frame } = capsMeta(this.#context.inputs.caps as Artifact);
    const settings = {
      affine,
      splineDistance: SPLINE_DISTANCES[pipeline],
      ...(!this.#context.params.uncropped_image && { crop: space.crop }),
      ...(frame !== undefined && { frame }),
      ...(image.frame_durations && { frameDurations: image.frame_durations }),
    } satisfies Partial<HeadJob>;
    const key = {
      image: image.digest,
      template: template.digest,
      ...settings,
      ...(this.#device !== undefined && { device: this.#device }),
    } as unknown as Json;
    let running: Promise<RegisteredHead> | undefined;
    const compute = () =>
      running ??= this.#compute(image, {
        ...settings,
        subject: image.path,
        description: `gyrus ${pipeline}`,
      }, ofImage);
    const file = await this.#context.memo(key, async () => (await compute()).bytes);
    const registration = await this.#context.memo({ registrationOf: key }, async () => {
      const { affine, measures } = await compute();
      return encode({ affine, measures });
    });
    return { image: file, ...await this.#decode(registration) as Omit<RegisteredHead, "bytes"> };
  }

  async #compute(
    image: CapsImage,
    job: Omit<HeadJob, "bytes">,
    ofImage: Attempt,
  ): Promise<RegisteredHead> {
    const pool = await (this.#pool ??= this.#startPool());
    const bytes = await this.#context.get(image);
    return await ofImage(() => pool.preprocess({ ...job, bytes }, this.#context.signal));
  }

  async #startPool(): Promise<HeadPool> {
    const { space, template } = this.#target;
    const bytes = await this.#context.get(template);
    const prepared = prepareTemplate(bytes, space, this.#context.params.template);
    return this.#device === undefined
      ? new HeadPool(this.#threads, prepared)
      : new HeadPool(this.#threads, prepared, startDeviceWorker);
  }

  async #decode(blob: Blob): Promise<unknown> {
    return parseJsonBytes(await this.#context.get(blob), "a registered image", OWN_LIMITS);
  }
}

/** Runs work on an image's own bytes: a DataError of it is the image's, not the data set's. */
type Attempt = <T>(work: () => T | Promise<T>) => Promise<T>;

function encode(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
