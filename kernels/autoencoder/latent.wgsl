// Latent distributions N(mean, variance) of a variational autoencoder: samples, the divergence from
// N(0, 1), and their gradients. Vectors are [N][BLOCKS] vec4f: four dimensions each.

struct Params {
  // Number of the training step, from 0, and the training's seed.
  step: u32,
  seed: u32,
  // Place of the batch's first sample in the epoch.
  first: u32,
  // Where the loss goes in `losses`.
  slot: u32,
  // What the gradient is multiplied by: 1 over the number of batches that are accumulated.
  share: f32,
}

// Invocations of a workgroup.
const LANES: u32 = 64u;
// Dimensions of the latent space, and the blocks of four that hold them.
const DIMENSIONS: u32 = 4u;
const BLOCKS: u32 = 1u;
// What the divergence is multiplied by in the loss.
const SCALE: f32 = 1.0;
// divergence: differentiates too.
const GRADIENT: bool = true;

@group(0) @binding(0) var<storage, read> mean: array<vec4f>;
@group(0) @binding(1) var<storage, read> log_variance: array<vec4f>;
// Derivatives of the loss.
@group(0) @binding(2) var<storage, read_write> mean_gradient: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> log_variance_gradient: array<vec4f>;
// [N][DIMENSIONS] of N(0, 1).
@group(0) @binding(4) var<storage, read> noise: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(6) var<storage, read> dy: array<vec4f>;
// [N][2] vec4f: an image's errors, and its divergence with three zeros.
@group(0) @binding(7) var<storage, read_write> rows: array<vec4f>;
@group(0) @binding(8) var<uniform> params: Params;

var<workgroup> shared_sums: array<f32, LANES>;

fn noise_of(image: u32, block: u32) -> vec4f {
  var values = vec4f(0.0);
  for (var k = 0u; k < 4u; k++) {
    let dimension = 4u * block + k;
    if (dimension < DIMENSIONS) { values[k] = noise[image * DIMENSIONS + dimension]; }
  }
  return values;
}

// y = mean + exp(log variance / 2) noise (Kingma and Welling, ICLR 2014). Grid: blocks, images.
@compute @workgroup_size(LANES)
fn sample(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let block = group.x * LANES + lane;
  if (block >= BLOCKS) { return; }
  let at = group.y * BLOCKS + block;
  y[at] = mean[at] + exp(0.5 * log_variance[at]) * noise_of(group.y, block);
}

// The gradient by log variance; that by the mean is dy itself. Grid: blocks, images.
@compute @workgroup_size(LANES)
fn sample_backward(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let block = group.x * LANES + lane;
  if (block >= BLOCKS) { return; }
  let at = group.y * BLOCKS + block;
  let slope = 0.5 * exp(0.5 * log_variance[at]) * noise_of(group.y, block);
  log_variance_gradient[at] = dy[at] * slope;
}

// KL(N(mean, variance) || N(0, 1)) = 1/2 sum of mean^2 + variance - 1 - log variance (the same
// paper, appendix B). One workgroup an image.
@compute @workgroup_size(LANES)
fn divergence(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  var sum = 0.0;
  for (var block = lane; block < BLOCKS; block += LANES) {
    let at = group.x * BLOCKS + block;
    let kept = vec4u(0u, 1u, 2u, 3u) + vec4u(4u * block) < vec4u(DIMENSIONS);
    let m = mean[at];
    let logarithm = log_variance[at];
    let variance = exp(logarithm);
    let terms = m * m + variance - 1.0 - logarithm;
    sum += 0.5 * dot(select(vec4f(0.0), terms, kept), vec4f(1.0));
    if (GRADIENT) {
      let scale = params.share * SCALE / f32(groups.x);
      mean_gradient[at] = select(vec4f(0.0), scale * m, kept);
      log_variance_gradient[at] = select(vec4f(0.0), 0.5 * scale * (variance - 1.0), kept);
    }
  }
  shared_sums[lane] = sum;
  workgroupBarrier();
  for (var stride = LANES / 2u; stride > 0u; stride /= 2u) {
    if (lane < stride) { shared_sums[lane] += shared_sums[lane + stride]; }
    workgroupBarrier();
  }
  if (lane == 0u) { rows[2u * group.x + 1u] = vec4f(shared_sums[0], 0.0, 0.0, 0.0); }
}
