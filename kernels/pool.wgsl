// Pooling over [N][BLOCKS][H][W] vec4f. Grid: chunks of pixels, channel blocks, images.

// Invocations of a workgroup, and pixels that it handles.
const LANES: u32 = 16u;
const CHUNK: u32 = 16u;
const CHANNELS: u32 = 4u;
const IN_HEIGHT: u32 = 8u;
const IN_WIDTH: u32 = 8u;
const OUT_HEIGHT: u32 = 4u;
const OUT_WIDTH: u32 = 4u;
const KERNEL_HEIGHT: u32 = 2u;
const KERNEL_WIDTH: u32 = 2u;
const STRIDE_HEIGHT: u32 = 2u;
const STRIDE_WIDTH: u32 = 2u;
// Padding in front; what lies beyond the far edge follows from the sizes.
const PAD_TOP: u32 = 0u;
const PAD_LEFT: u32 = 0u;
// Padding counts as zero in the maximum (ClinicaDL's PadMaxPool) rather than as minus infinity.
const ZERO_PADDED: bool = false;

const BLOCKS: u32 = (CHANNELS + 3u) / 4u;
const IN_PIXELS: u32 = IN_HEIGHT * IN_WIDTH;
const OUT_PIXELS: u32 = OUT_HEIGHT * OUT_WIDTH;
// Position of a maximum that is padding.
const PADDING: u32 = 255u;

// texels
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
// Position of each maximum in its window, row by row, a byte a channel.
@group(0) @binding(2) var<storage, read_write> positions_out: array<u32>;
@group(0) @binding(3) var<storage, read> positions_in: array<u32>;
// texels
@group(0) @binding(4) var<storage, read> dy: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> dx: array<vec4f>;

fn is_nan(v: vec4f) -> vec4<bool> {
  return (bitcast<vec4u>(v) & vec4u(0x7fffffffu)) > vec4u(0x7f800000u);
}

// The first maximum in row order wins; a NaN wins over everything.
@compute @workgroup_size(LANES)
fn max_forward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let plane = group.z * BLOCKS + group.y;
  let end = min(group.x * CHUNK + CHUNK, OUT_PIXELS);
  for (var p = group.x * CHUNK + lane; p < end; p += LANES) {
    let top = i32(p / OUT_WIDTH * STRIDE_HEIGHT) - i32(PAD_TOP);
    let left = i32(p % OUT_WIDTH * STRIDE_WIDTH) - i32(PAD_LEFT);
    var best = vec4f(-3.40282346e38);
    var best_at = vec4u(PADDING);
    for (var r = 0u; r < KERNEL_HEIGHT; r++) {
      for (var s = 0u; s < KERNEL_WIDTH; s++) {
        let row = top + i32(r);
        let column = left + i32(s);
        let inside = row >= 0 && row < i32(IN_HEIGHT) && column >= 0 && column < i32(IN_WIDTH);
        if (inside) {
          let v = x[plane * IN_PIXELS + u32(row) * IN_WIDTH + u32(column)];
          let wins = (v > best) | is_nan(v) | ((best_at == vec4u(PADDING)) & (v >= best));
          best = select(best, v, wins);
          best_at = select(best_at, vec4u(r * KERNEL_WIDTH + s), wins);
        } else {
          if (ZERO_PADDED) {
            let wins = vec4f(0.0) > best;
            best = select(best, vec4f(0.0), wins);
            best_at = select(best_at, vec4u(PADDING), wins);
          }
        }
      }
    }
    let at = plane * OUT_PIXELS + p;
    y[at] = best;
    positions_out[at] = best_at.x | (best_at.y << 8u) | (best_at.z << 16u) | (best_at.w << 24u);
  }
}

// Each input pixel gathers from the windows that cover it, so no two invocations write one place.
@compute @workgroup_size(LANES)
fn max_backward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let plane = group.z * BLOCKS + group.y;
  let end = min(group.x * CHUNK + CHUNK, IN_PIXELS);
  for (var p = group.x * CHUNK + lane; p < end; p += LANES) {
    let row = p / IN_WIDTH + PAD_TOP;
    let column = p % IN_WIDTH + PAD_LEFT;
    let last_row = min(row / STRIDE_HEIGHT, OUT_HEIGHT - 1u);
    let last_column = min(column / STRIDE_WIDTH, OUT_WIDTH - 1u);
    var sum = vec4f(0.0);
    for (var a = 0u; a < (KERNEL_HEIGHT + STRIDE_HEIGHT - 1u) / STRIDE_HEIGHT; a++) {
      for (var b = 0u; b < (KERNEL_WIDTH + STRIDE_WIDTH - 1u) / STRIDE_WIDTH; b++) {
        if (a <= last_row && b <= last_column) {
          let out_row = last_row - a;
          let out_column = last_column - b;
          let r = row - out_row * STRIDE_HEIGHT;
          let s = column - out_column * STRIDE_WIDTH;
          if (r < KERNEL_HEIGHT && s < KERNEL_WIDTH) {
            let at = plane * OUT_PIXELS + out_row * OUT_WIDTH + out_column;
            let word = positions_in[at];
            let chosen = vec4u(word, word >> 8u, word >> 16u, word >> 24u) & vec4u(255u);
            sum += select(vec4f(0.0), dy[at], chosen == vec4u(r * KERNEL_WIDTH + s));
          }
        }
      }
    }
    dx[plane * IN_PIXELS + p] = sum;
  }
}

// Adaptive average: output i covers inputs floor(i * in / out) to ceil((i + 1) * in / out).
@compute @workgroup_size(LANES)
fn adaptive_forward(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let item = (group.y * groups.x + group.x) * LANES + lane;
  let plane = item / OUT_PIXELS;
  let row = item % OUT_PIXELS / OUT_WIDTH;
  let column = item % OUT_WIDTH;
  if (item >= arrayLength(&y)) { return; }
  let top = row * IN_HEIGHT / OUT_HEIGHT;
  let bottom = ((row + 1u) * IN_HEIGHT + OUT_HEIGHT - 1u) / OUT_HEIGHT;
  let left = column * IN_WIDTH / OUT_WIDTH;
  let right = ((column + 1u) * IN_WIDTH + OUT_WIDTH - 1u) / OUT_WIDTH;
  var sum = vec4f(0.0);
  for (var r = top; r < bottom; r++) {
    for (var s = left; s < right; s++) { sum += x[plane * IN_PIXELS + r * IN_WIDTH + s]; }
  }
  y[item] = sum / f32((bottom - top) * (right - left));
}

@compute @workgroup_size(LANES)
fn adaptive_backward(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let plane = group.z * BLOCKS + group.y;
  let end = min(group.x * CHUNK + CHUNK, IN_PIXELS);
  for (var p = group.x * CHUNK + lane; p < end; p += LANES) {
    let row = p / IN_WIDTH;
    let column = p % IN_WIDTH;
    var sum = vec4f(0.0);
    // Outputs that cover this input.
    let top = row * OUT_HEIGHT / IN_HEIGHT;
    let bottom = ((row + 1u) * OUT_HEIGHT + IN_HEIGHT - 1u) / IN_HEIGHT;
    let left = column * OUT_WIDTH / IN_WIDTH;
    let right = ((column + 1u) * OUT_WIDTH + IN_WIDTH - 1u) / IN_WIDTH;
    for (var a = top; a < bottom; a++) {
      let rows = ((a + 1u) * IN_HEIGHT + OUT_HEIGHT - 1u) / OUT_HEIGHT - a * IN_HEIGHT / OUT_HEIGHT;
      for (var b = left; b < right; b++) {
        let columns = ((b + 1u) * IN_WIDTH + OUT_WIDTH - 1u) / OUT_WIDTH - b * IN_WIDTH / OUT_WIDTH;
        sum += dy[plane * OUT_PIXELS + a * OUT_WIDTH + b] / f32(rows * columns);
      }
    }
    dx[plane * IN_PIXELS + p] = sum;
  }
}
