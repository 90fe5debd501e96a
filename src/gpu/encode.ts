/** Writes the operations of a built program into an encoder. */

/** One operation with its GPU objects. */
export type Encoded =
  | {
    kind: "dispatch";
    label: string;
    kernel: string;
    pipeline: GPUComputePipeline;
    group: GPUBindGroup;
    workgroups: [number, number, number];
  }
  | { kind: "clear"; label: string; to: GPUBufferBinding }
  | { kind: "copy"; label: string; from: GPUBufferBinding; to: GPUBufferBinding }
  | {
    kind: "upload";
    label: string;
    from: GPUBufferBinding;
    texture: GPUTexture;
    /** Row of the texture at which the texels begin. */
    firstRow: number;
  };

type EncodedDispatch = Extract<Encoded, { kind: "dispatch" }>;

export function encodeDispatch(
  pass: GPUComputePassEncoder,
  { pipeline, group, workgroups }: EncodedDispatch,
): void {
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, group);
  pass.dispatchWorkgroups(...workgroups);
}

/** One operation; a dispatch in a pass of its own. */
export function encodeAlone(
  encoder: GPUCommandEncoder,
  operation: Encoded,
  timestampWrites?: GPUComputePassTimestampWrites,
): void {
  if (operation.kind !== "dispatch") return encodeTransfer(encoder, operation);
  const pass = encoder.beginComputePass({ timestampWrites });
  encodeDispatch(pass, operation);
  pass.end();
}

export function encodeTransfer(
  encoder: GPUCommandEncoder,
  operation: Exclude<Encoded, EncodedDispatch>,
): void {
  const { kind } = operation;
  if (kind === "clear") {
    const { buffer, offset, size } = operation.to;
    encoder.clearBuffer(buffer, offset, size);
  } else if (kind === "copy") {
    const { from, to } = operation;
    const bytes = Math.min(from.size ?? 0, to.size ?? 0);
    encoder.copyBufferToBuffer(from.buffer, from.offset ?? 0, to.buffer, to.offset ?? 0, bytes);
  } else {
    encodeTexels(encoder, operation.from, operation.texture, operation.firstRow);
  }
}

/** Full rows in one copy, then the texels of a last one. */
function encodeTexels(
  encoder: GPUCommandEncoder,
  { buffer, offset = 0, size = 0 }: GPUBufferBinding,
  texture: GPUTexture,
  firstRow: number,
): void {
  const bytesPerRow = texture.width * 16;
  const rows = Math.floor(size / bytesPerRow);
  const rest = (size - rows * bytesPerRow) / 16;
  if (rows > 0) {
    const target = { texture, origin: [0, firstRow] };
    encoder.copyBufferToTexture({ buffer, offset, bytesPerRow }, target, [texture.width, rows]);
  }
  if (rest > 0) {
    const target = { texture, origin: [0, firstRow + rows] };
    encoder.copyBufferToTexture({ buffer, offset: offset + rows * bytesPerRow }, target, [rest, 1]);
  }
}
