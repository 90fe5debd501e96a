// The sum of the partial sums of split-K slices, in a fixed order. With PARTIAL_BLOCK they are
// weight gradients, in the order of weight_layout.ts.

const LANES: u32 = 64u;
// Invocations that share the slices of one vector: a power of two.
const SLICE_LANES: u32 = 1u;
const VECTOR_LANES: u32 = LANES / SLICE_LANES;
const ACCUMULATE: bool = false;
// Channels do not fill their blocks of four: padding of the gradient is set to zero.
const PARTIAL_BLOCK: bool = false;

struct Params {
  // Slices, and vec4s of a gradient.
  slices: u32,
  vectors: u32,

  // Weights [out_channels][in_channels][positions][taps]; in_blocks = ceil(in_channels / 4) *
  // positions.
  out_channels: u32,
  in_channels: u32,
  in_blocks: u32,
  positions: u32,
  taps: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
// texels
@group(0) @binding(1) var<storage, read> partials: array<vec4f>;
// texels
@group(0) @binding(2) var<storage, read_write> gradient: array<vec4f>;

var<workgroup> shared_sums: array<vec4f, LANES>;

// gradient = partials[0] + partials[1] + ..., added to what is there when ACCUMULATE. A vector's
// slices are added by SLICE_LANES invocations, each every SLICE_LANES-th, and then in pairs.
@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let first = lane / VECTOR_LANES;
  let at = (workgroup.y * workgroups.x + workgroup.x) * VECTOR_LANES + lane % VECTOR_LANES;
  var sum = vec4f();
  if (at < params.vectors && first < params.slices) {
    sum = partials[first * params.vectors + at];
    for (var slice = first + SLICE_LANES; slice < params.slices; slice += SLICE_LANES) {
      sum += partials[slice * params.vectors + at];
    }
  }
  if (SLICE_LANES > 1u) {
    shared_sums[lane] = sum;
    workgroupBarrier();
    for (var stride = LANES / 2u; stride >= VECTOR_LANES; stride /= 2u) {
      if (lane < stride) {
        shared_sums[lane] += shared_sums[lane + stride];
      }
      workgroupBarrier();
    }
    sum = shared_sums[lane];
  }
  if (at >= params.vectors || first > 0u) {
    return;
  }
  if (PARTIAL_BLOCK) {
    let tile = at / 4u / params.taps;
    let k = tile / params.in_blocks * 4u + at % 4u;
    let c = vec4u(tile % params.in_blocks / params.positions * 4u) + vec4u(0u, 1u, 2u, 3u);
    let exists = (c < vec4u(params.in_channels)) & vec4<bool>(k < params.out_channels);
    sum = select(vec4f(), sum, exists);
  }
  if (ACCUMULATE) {
    sum += gradient[at];
  }
  gradient[at] = sum;
}
