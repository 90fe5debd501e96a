// Between activations [N][BLOCKS][PIXELS][4] and rows of features in PyTorch's order, [N][ROW].

const LANES: u32 = 16u;
const BATCH: u32 = 2u;
const CHANNELS: u32 = 4u;
const PIXELS: u32 = 16u;

const BLOCKS: u32 = (CHANNELS + 3u) / 4u;
const FEATURES: u32 = CHANNELS * PIXELS;
const ROW: u32 = (FEATURES + 3u) / 4u * 4u;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

fn index(group: vec3u, groups: vec3u, lane: u32) -> u32 {
  return (group.y * groups.x + group.x) * LANES + lane;
}

@compute @workgroup_size(LANES)
fn to_rows(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = index(group, groups, lane);
  if (at >= BATCH * ROW) { return; }
  let n = at / ROW;
  let feature = at % ROW;
  var v = 0.0;
  if (feature < FEATURES) {
    let c = feature / PIXELS;
    v = x[((n * BLOCKS + c / 4u) * PIXELS + feature % PIXELS) * 4u + c % 4u];
  }
  y[at] = v;
}

@compute @workgroup_size(LANES)
fn to_blocks(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = index(group, groups, lane);
  if (at >= BATCH * BLOCKS * PIXELS * 4u) { return; }
  let plane = at / (PIXELS * 4u);
  let c = plane % BLOCKS * 4u + at % 4u;
  var v = 0.0;
  if (c < CHANNELS) {
    v = x[plane / BLOCKS * ROW + c * PIXELS + at % (PIXELS * 4u) / 4u];
  }
  y[at] = v;
}
