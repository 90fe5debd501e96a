// One update of all parameters, with PyTorch's definitions. Parameters, gradients and both moments
// are flat and have the same offsets; tensors are aligned to 64 floats, so a block of 16 vectors
// belongs to one tensor. Scalars that depend on the step number are computed on the host.

struct Params {
  rate: f32,
  weight_decay: f32,
  beta1: f32,
  beta2: f32,
  epsilon: f32,
  // Of each algorithm, see below.
  first_factor: f32,
  second_factor: f32,
  // 1 - beta1 and 1 - beta2, rounded once
  rest1: f32,
  rest2: f32,
}

const LANES: u32 = 16u;
const PER_LANE: u32 = 4u;
const VECTORS: u32 = 64u;
const NESTEROV: bool = false;
const DECOUPLED: bool = false;
// Tensors whose flag is 0 stay as they are.
const FROZEN: bool = false;
// Gradients are scaled so that their norm is at most MAXIMUM.
const CLIPPED: bool = false;
const MAXIMUM: f32 = 1.0;
// Workgroups of the first pass over the gradients' squares.
const PARTS: u32 = 1u;

// texels
@group(0) @binding(0) var<storage, read_write> parameters: array<vec4f>;
// texels
@group(0) @binding(1) var<storage, read> gradients: array<vec4f>;
// texels
@group(0) @binding(2) var<storage, read_write> moment1: array<vec4f>;
// texels
@group(0) @binding(3) var<storage, read_write> moment2: array<vec4f>;
@group(0) @binding(4) var<storage, read> trainable: array<u32>;
@group(0) @binding(5) var<storage, read_write> squares: array<f32>;
@group(0) @binding(6) var<storage, read> square_list: array<f32>;
@group(0) @binding(7) var<storage, read_write> norm: array<f32>;
@group(0) @binding(8) var<storage, read> norm_value: array<f32>;
@group(0) @binding(9) var<uniform> params: Params;

var<workgroup> shared_squares: array<f32, LANES>;

fn first_vector(group: vec3u, groups: vec3u, lane: u32) -> u32 {
  return (group.y * groups.x + group.x) * LANES * PER_LANE + lane;
}

fn skipped(at: u32) -> bool {
  if (at >= VECTORS) { return true; }
  if (FROZEN) { return trainable[at / 16u] == 0u; }
  return false;
}

// Gradient after clipping and, unless the decay is decoupled, with the L2 term.
fn gradient_at(at: u32, parameter: vec4f) -> vec4f {
  var g = gradients[at];
  if (CLIPPED) { g *= min(1.0, MAXIMUM / (norm_value[0] + 1e-6)); }
  if (!DECOUPLED) { g += params.weight_decay * parameter; }
  return g;
}

@compute @workgroup_size(LANES)
fn square_parts(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let part = group.y * groups.x + group.x;
  let first = part * LANES * PER_LANE + lane;
  var sum = 0.0;
  for (var i = 0u; i < PER_LANE; i++) {
    let at = first + i * LANES;
    if (!skipped(at)) { sum += dot(gradients[at], gradients[at]); }
  }
  shared_squares[lane] = sum;
  workgroupBarrier();
  for (var stride = LANES / 2u; stride > 0u; stride /= 2u) {
    if (lane < stride) { shared_squares[lane] += shared_squares[lane + stride]; }
    workgroupBarrier();
  }
  if (lane == 0u && part < PARTS) { squares[part] = shared_squares[0]; }
}

@compute @workgroup_size(LANES)
fn square_total(@builtin(local_invocation_index) lane: u32) {
  var sum = 0.0;
  for (var part = lane; part < PARTS; part += LANES) { sum += square_list[part]; }
  shared_squares[lane] = sum;
  workgroupBarrier();
  for (var stride = LANES / 2u; stride > 0u; stride /= 2u) {
    if (lane < stride) { shared_squares[lane] += shared_squares[lane + stride]; }
    workgroupBarrier();
  }
  if (lane == 0u) { norm[0] = sqrt(shared_squares[0]); }
}

// Without momentum: p -= rate g
@compute @workgroup_size(LANES)
fn descent(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let first = first_vector(group, groups, lane);
  let end = min(first + PER_LANE * LANES, VECTORS);
  for (var at = first; at < end; at += LANES) {
    if (FROZEN) {
      if (trainable[at / 16u] == 0u) { continue; }
    }
    let p = parameters[at];
    parameters[at] = p - params.rate * gradient_at(at, p);
  }
}

// beta1: momentum
@compute @workgroup_size(LANES)
fn momentum(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let first = first_vector(group, groups, lane);
  let end = min(first + PER_LANE * LANES, VECTORS);
  for (var at = first; at < end; at += LANES) {
    if (FROZEN) {
      if (trainable[at / 16u] == 0u) { continue; }
    }
    let p = parameters[at];
    let g = gradient_at(at, p);
    let velocity = params.beta1 * moment1[at] + g;
    moment1[at] = velocity;
    if (NESTEROV) {
      parameters[at] = p - params.rate * (g + params.beta1 * velocity);
    } else {
      parameters[at] = p - params.rate * velocity;
    }
  }
}

// first_factor: rate / (1 - beta1^t); second_factor: sqrt(1 - beta2^t)
@compute @workgroup_size(LANES)
fn adam(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let first = first_vector(group, groups, lane);
  let end = min(first + PER_LANE * LANES, VECTORS);
  for (var at = first; at < end; at += LANES) {
    if (FROZEN) {
      if (trainable[at / 16u] == 0u) { continue; }
    }
    let p = parameters[at];
    let g = gradient_at(at, p);
    let m = params.beta1 * moment1[at] + params.rest1 * g;
    let v = params.beta2 * moment2[at] + params.rest2 * g * g;
    moment1[at] = m;
    moment2[at] = v;
    var decayed = p;
    if (DECOUPLED) { decayed *= 1.0 - params.rate * params.weight_decay; }
    parameters[at] = decayed - params.first_factor * m / (sqrt(v) / params.second_factor + params.epsilon);
  }
}

// beta2: smoothing constant
@compute @workgroup_size(LANES)
fn rmsprop(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let first = first_vector(group, groups, lane);
  let end = min(first + PER_LANE * LANES, VECTORS);
  for (var at = first; at < end; at += LANES) {
    if (FROZEN) {
      if (trainable[at / 16u] == 0u) { continue; }
    }
    let p = parameters[at];
    let g = gradient_at(at, p);
    let v = params.beta2 * moment2[at] + params.rest2 * g * g;
    moment2[at] = v;
    parameters[at] = p - params.rate * g / (sqrt(v) + params.epsilon);
  }
}

@compute @workgroup_size(LANES)
fn adagrad(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let first = first_vector(group, groups, lane);
  let end = min(first + PER_LANE * LANES, VECTORS);
  for (var at = first; at < end; at += LANES) {
    if (FROZEN) {
      if (trainable[at / 16u] == 0u) { continue; }
    }
    let p = parameters[at];
    let g = gradient_at(at, p);
    let v = moment2[at] + g * g;
    moment2[at] = v;
    parameters[at] = p - params.rate * g / (sqrt(v) + params.epsilon);
  }
}

// beta2: rho
@compute @workgroup_size(LANES)
fn adadelta(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let first = first_vector(group, groups, lane);
  let end = min(first + PER_LANE * LANES, VECTORS);
  for (var at = first; at < end; at += LANES) {
    if (FROZEN) {
      if (trainable[at / 16u] == 0u) { continue; }
    }
    let p = parameters[at];
    let g = gradient_at(at, p);
    let v = params.beta2 * moment2[at] + params.rest2 * g * g;
    let d = sqrt(moment1[at] + params.epsilon) / sqrt(v + params.epsilon) * g;
    moment2[at] = v;
    moment1[at] = params.beta2 * moment1[at] + params.rest2 * d * d;
    parameters[at] = p - params.rate * d;
  }
}

// first_factor: rate / (1 - beta1^t)
@compute @workgroup_size(LANES)
fn adamax(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let first = first_vector(group, groups, lane);
  let end = min(first + PER_LANE * LANES, VECTORS);
  for (var at = first; at < end; at += LANES) {
    if (FROZEN) {
      if (trainable[at / 16u] == 0u) { continue; }
    }
    let p = parameters[at];
    let g = gradient_at(at, p);
    let m = params.beta1 * moment1[at] + params.rest1 * g;
    let u = max(params.beta2 * moment2[at], abs(g) + params.epsilon);
    moment1[at] = m;
    moment2[at] = u;
    parameters[at] = p - params.first_factor * m / u;
  }
}

// `rate` and first_factor are what the gradient and the momentum are multiplied by;
// second_factor: sqrt(1 - beta2^t)
@compute @workgroup_size(LANES)
fn nadam(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let first = first_vector(group, groups, lane);
  let end = min(first + PER_LANE * LANES, VECTORS);
  for (var at = first; at < end; at += LANES) {
    if (FROZEN) {
      if (trainable[at / 16u] == 0u) { continue; }
    }
    let p = parameters[at];
    let g = gradient_at(at, p);
    let m = params.beta1 * moment1[at] + params.rest1 * g;
    let v = params.beta2 * moment2[at] + params.rest2 * g * g;
    moment1[at] = m;
    moment2[at] = v;
    parameters[at] = p - (params.rate * g + params.first_factor * m) /
      (sqrt(v) / params.second_factor + params.epsilon);
  }
}

// first_factor: rate / (1 - beta1^t); second_factor: rectification times sqrt(1 - beta2^t), or 0
// while the variance cannot be rectified.
@compute @workgroup_size(LANES)
fn radam(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let first = first_vector(group, groups, lane);
  let end = min(first + PER_LANE * LANES, VECTORS);
  for (var at = first; at < end; at += LANES) {
    if (FROZEN) {
      if (trainable[at / 16u] == 0u) { continue; }
    }
    let p = parameters[at];
    let g = gradient_at(at, p);
    let m = params.beta1 * moment1[at] + params.rest1 * g;
    let v = params.beta2 * moment2[at] + params.rest2 * g * g;
    moment1[at] = m;
    moment2[at] = v;
    var adaptive = vec4f(1.0);
    if (params.second_factor > 0.0) { adaptive = params.second_factor / (sqrt(v) + params.epsilon); }
    parameters[at] = p - params.first_factor * m * adaptive;
  }
}
