// 2D convolution and its two gradients as the textbook writes them: one invocation an element of
// the result, scalars in PyTorch's order. Slow, and what every other variant has to equal.
//
//   Y[n][k][p][q] = b[k] + sum over c, r, s of W[k][c][r][s] * X[n][c][y][x]
//   where y = p * stride_y + r - pad_y and x = q * stride_x + s - pad_x, and X is zero outside.
//
// Every product W * X of this sum takes part in both gradients: dX is the sum of W * dY over the
// products in which that X occurs, dW the sum of X * dY over those of that W.

const LANES: u32 = 64u;

struct Params {
  // X is [images][channels][height][width].
  images: u32,
  channels: u32,
  height: u32,
  width: u32,
  // Y is [images][out_channels][out_height][out_width].
  out_channels: u32,
  out_height: u32,
  out_width: u32,
  // W is [out_channels][channels][kernel_height][kernel_width].
  kernel_height: u32,
  kernel_width: u32,
  // Pixels of X from one pixel of Y to the next, and rows or columns of zeros on each side of X.
  stride_y: u32,
  stride_x: u32,
  pad_y: u32,
  pad_x: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<f32>;
@group(0) @binding(2) var<storage, read> weights: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> out_gradient: array<f32>;
@group(0) @binding(5) var<storage, read_write> result: array<f32>;

fn input_at(n: u32, c: u32, y: u32, x: u32) -> u32 {
  return ((n * params.channels + c) * params.height + y) * params.width + x;
}

fn output_at(n: u32, k: u32, p: u32, q: u32) -> u32 {
  return ((n * params.out_channels + k) * params.out_height + p) * params.out_width + q;
}

fn weight_at(k: u32, c: u32, r: u32, s: u32) -> u32 {
  return ((k * params.channels + c) * params.kernel_height + r) * params.kernel_width + s;
}

// Whether (y, x) is a pixel of X: u32 has no negative numbers, they turn into very large ones.
fn is_inside(y: u32, x: u32) -> bool {
  return y < params.height && x < params.width;
}

// Y. An invocation computes Y[n][k][p][q].
@compute @workgroup_size(LANES)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
  let element = id.y * workgroups.x * LANES + id.x;
  if (element >= arrayLength(&result)) {
    return;
  }
  let q = element % params.out_width;
  let p = element / params.out_width % params.out_height;
  let k = element / params.out_width / params.out_height % params.out_channels;
  let n = element / params.out_width / params.out_height / params.out_channels;
  var sum = bias[k];
  for (var c = 0u; c < params.channels; c++) {
    for (var r = 0u; r < params.kernel_height; r++) {
      for (var s = 0u; s < params.kernel_width; s++) {
        let y = p * params.stride_y + r - params.pad_y;
        let x = q * params.stride_x + s - params.pad_x;
        if (is_inside(y, x)) {
          sum += weights[weight_at(k, c, r, s)] * input[input_at(n, c, y, x)];
        }
      }
    }
  }
  result[element] = sum;
}

// dX. An invocation computes dX[n][c][y][x]: for every tap (r, s) it finds the pixel (p, q)
// of Y, if any, that this tap connects with (y, x).
@compute @workgroup_size(LANES)
fn backward_data(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
) {
  let element = id.y * workgroups.x * LANES + id.x;
  if (element >= arrayLength(&result)) {
    return;
  }
  let x = element % params.width;
  let y = element / params.width % params.height;
  let c = element / params.width / params.height % params.channels;
  let n = element / params.width / params.height / params.channels;
  var sum = 0.0;
  for (var k = 0u; k < params.out_channels; k++) {
    for (var r = 0u; r < params.kernel_height; r++) {
      for (var s = 0u; s < params.kernel_width; s++) {
        // p * stride_y and q * stride_x, if they are multiples of the strides.
        let down = y + params.pad_y - r;
        let right = x + params.pad_x - s;
        let p = down / params.stride_y;
        let q = right / params.stride_x;
        let is_multiple = p * params.stride_y == down && q * params.stride_x == right;
        if (is_multiple && p < params.out_height && q < params.out_width) {
          sum += weights[weight_at(k, c, r, s)] * out_gradient[output_at(n, k, p, q)];
        }
      }
    }
  }
  result[element] = sum;
}

// dW. An invocation computes dW[k][c][r][s].
@compute @workgroup_size(LANES)
fn backward_weights(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
) {
  let element = id.y * workgroups.x * LANES + id.x;
  if (element >= arrayLength(&result)) {
    return;
  }
  let s = element % params.kernel_width;
  let r = element / params.kernel_width % params.kernel_height;
  let c = element / params.kernel_width / params.kernel_height % params.channels;
  let k = element / params.kernel_width / params.kernel_height / params.channels;
  var sum = 0.0;
  for (var n = 0u; n < params.images; n++) {
    for (var p = 0u; p < params.out_height; p++) {
      for (var q = 0u; q < params.out_width; q++) {
        let y = p * params.stride_y + r - params.pad_y;
        let x = q * params.stride_x + s - params.pad_x;
        if (is_inside(y, x)) {
          sum += out_gradient[output_at(n, k, p, q)] * input[input_at(n, c, y, x)];
        }
      }
    }
  }
  result[element] = sum;
}
